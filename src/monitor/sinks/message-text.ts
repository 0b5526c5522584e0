import type { Notice } from '../notice.ts';
import type { AlertMessage } from './sink.ts';

/** One notice as a line. */
export function noticeLine(notice: Notice): string {
  return notice.status === 'resolved' ? `resolved: ${notice.message}` : `alert: ${notice.message}`;
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
