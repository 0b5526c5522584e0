import { postJson, shownAddress } from './http-post.ts';
import { noticeLine, subjectOf } from './message-text.ts';
import type { Sink } from './sink.ts';

/** The most characters of one section: Slack allows 3000. */
const SECTION_CHARACTERS = 2900;

export interface SlackOptions {
  readonly name: string;
  /** The incoming webhook; all of it is secret. */
  readonly url: string;
}

/** A Slack incoming webhook: `{text, blocks}`, the text for notifications, a section a notice. */
export function slackSink({ name, url }: SlackOptions): Sink {
  const target = shownAddress(url);
  return {
    name,
    type: 'slack',
    target,
    send: (message, signal) => {
      const sections = message.notices.map((notice) => {
        const sign = notice.status === 'resolved' ? ':white_check_mark:' : ':rotating_light:';
        return { type: 'section', text: markdown(`${sign} ${escaped(noticeLine(notice))}`) };
      });
      const context = { type: 'context', elements: [markdown(`lake ${escaped(message.lake)}`)] };
      const body = JSON.stringify({
        text: escaped(subjectOf(message)).slice(0, SECTION_CHARACTERS),
        blocks: [...sections, context],
      });
      return postJson({ name, target, url, secrets: [] }, body, {}, signal);
    },
  };
}

function markdown(text: string) {
  return { type: 'mrkdwn', text: text.slice(0, SECTION_CHARACTERS) };
}

/** Slack's three characters with a meaning. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
