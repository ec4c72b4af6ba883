export { type CapturedBundle, captureEvidence } from './capture/capture.ts';
export type { CaptureInput } from './capture/context.ts';
export { type LedgerAction, ledgerPath } from './ledger/ledger.ts';
export { type LedgerReport, verifyLedger } from './ledger/verify-ledger.ts';
export { parsePublicKey, publicKeyPath } from './seal/host-key.ts';
export { createEvidenceStore, type EvidenceStore, type ShownBundle } from './store/evidence-store.ts';
export type { ShellImage } from './store/shell-image.ts';
export { type VerifyOptions, verifyBundle } from './verify/verify-bundle.ts';
