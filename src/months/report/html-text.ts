const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text that stays text, in an element and in a quoted attribute; control characters, which HTML forbids, as `\ufffd`. */
export function escapeHtml(text: string): string {
  return text
    .replace(/[^\P{Cc}\t\n]/gu, '\ufffd')
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

/** The same for running text, in which a month or a date stays on one line. */
export function phraseHtml(text: string): string {
  return escapeHtml(text).replace(/\b\d{4}-\d{2}(-\d{2})?\b/g, '<span class="date">$&</span>');
}
