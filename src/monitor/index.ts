/** Alerts: what is wrong, who was told of it, and how they are told. */
export { systemClock } from './clock.ts';
export type { Condition, Thresholds } from './condition.ts';
export { sendInTime } from './delivery.ts';
export { DeliveryLanes, type WaitingFor } from './delivery-lanes.ts';
export { seeLake, standingConditions } from './lake-sight.ts';
export { AlertLedger } from './ledger.ts';
export { lookAtLake } from './look.ts';
export { type Notice, testNotice } from './notice.ts';
export { RunAlerts } from './run-alerts.ts';
export { consoleSink } from './sinks/console-sink.ts';
export type { Sink } from './sinks/sink.ts';
export { slackSink } from './sinks/slack-sink.ts';
export { smtpSink } from './sinks/smtp-sink.ts';
export { unusableSink } from './sinks/unusable-sink.ts';
export { webhookSink } from './sinks/webhook-sink.ts';
