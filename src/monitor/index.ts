/** Alerts: what is wrong, who was told of it, and how they are told. */
export { type Clock, systemClock } from './clock.ts';
export {
  CONDITION_KINDS,
  type Condition,
  type ConditionKind,
  type MonthFigures,
  type Thresholds,
} from './condition.ts';
export { sendInTime } from './delivery.ts';
export { DeliveryLanes, type WaitingFor } from './delivery-lanes.ts';
export { type LakeSight, seeLake, standingConditions } from './lake-sight.ts';
export { ALERTS_FOLDER, AlertLedger } from './ledger.ts';
export { type Look, lookAtLake } from './look.ts';
export { type Notice, type StoredNotice, testNotice } from './notice.ts';
export { RunAlerts } from './run-alerts.ts';
export { consoleSink } from './sinks/console-sink.ts';
export { noticeLine } from './sinks/message-text.ts';
export type { AlertMessage, Sink } from './sinks/sink.ts';
export { slackSink } from './sinks/slack-sink.ts';
export { smtpSink } from './sinks/smtp-sink.ts';
export { unusableSink } from './sinks/unusable-sink.ts';
export { webhookSink } from './sinks/webhook-sink.ts';
