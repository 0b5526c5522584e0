import { createHash } from 'node:crypto';
import { oneLine } from '../../base/index.ts';
import type { Notice } from '../notice.ts';
import type { AlertMessage } from './sink.ts';

const LEADS = { raised: 'alert', resolved: 'resolved', test: 'test' } as const;

/** One notice as a line. */
export function noticeLine(notice: Notice): string {
  return `${LEADS[notice.status]}: ${oneLine(notice.message)}`;
}

/** What a message is about, in a line. */
export function subjectOf({ notices }: AlertMessage): string {
  const [first] = notices;
  if (first !== undefined && notices.length === 1) return `Barline ${noticeLine(first)}`;
  const raised = notices.filter(({ status }) => status === 'raised').length;
  const parts = [
    ...(raised > 0 ? [`${raised} ${raised === 1 ? 'alert' : 'alerts'}`] : []),
    ...(raised < notices.length ? [`${notices.length - raised} resolved`] : []),
  ];
  return `Barline: ${parts.join(', ')}`;
}

/** The same for each try to send the same notices. */
export function messageId({ notices }: AlertMessage): string {
  return createHash('sha256')
    .update(notices.map(({ id }) => id).join('\n'))
    .digest('hex')
    .slice(0, 24);
}
