export { type NotificationCounts, type Notifier, startNotifier } from './notifier.ts';
export { sendTest, type TestOutcome } from './send-test.ts';
