export { type CapturedBundle, captureEvidence } from './capture/capture.ts';
export { createFrameKeeper, type FrameKeeper } from './frames/frame-keeper.ts';
export { ledgerPath } from './ledger/ledger.ts';
export { verifyLedger } from './ledger/verify-ledger.ts';
export type { PruneReport } from './retention/prune.ts';
export { parsePublicKey, publicKeyPath } from './seal/host-key.ts';
export { createEvidenceStore } from './store/evidence-store.ts';
export type { EvidenceStore } from './store/port.ts';
export { verifyBundle } from './verify/verify-bundle.ts';
