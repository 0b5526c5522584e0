import type { Writable } from 'node:stream';
import { BarlineError, oneLine } from '../base/index.ts';

/** What the global options say about how a command speaks. */
export interface OutputOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly color: boolean;
  /** stderr is a terminal, so progress may redraw itself. */
  readonly interactive: boolean;
}

/** Results go to stdout, everything else to stderr; with `--json` stdout carries JSON alone. */
export class Output {
  readonly options: OutputOptions;
  readonly #stdout: Writable;
  readonly #stderr: Writable;
  #drawnLines = 0;

  constructor(options: OutputOptions, stdout: Writable = process.stdout, stderr: Writable = process.stderr) {
    this.options = options;
    this.#stdout = stdout;
    this.#stderr = stderr;
  }

  /** Text for people, on stdout; silent with `--json`. */
  text(text: string): void {
    if (!this.options.json) this.#stdout.write(`${text}\n`);
  }

  /** One JSON line on stdout; silent without `--json`. */
  json(value: unknown): void {
    if (this.options.json) this.#stdout.write(`${toJson(value)}\n`);
  }

  /** A note on stderr; silent with `--quiet`. */
  note(text: string): void {
    if (!this.options.quiet) this.alert(text);
  }

  /** What must be read even by those who want no notes, on stderr. */
  alert(text: string): void {
    this.undraw();
    this.#stderr.write(`${text.split('\n').map(oneLine).join('\n')}\n`);
  }

  /** Lines at the end of stderr that whatever comes next takes the place of; for a terminal. */
  redraw(lines: readonly string[]): void {
    this.undraw();
    this.#stderr.write(`${lines.join('\n')}\n`);
    this.#drawnLines = lines.length;
  }

  undraw(): void {
    if (this.#drawnLines > 0) this.#stderr.write(`\u001b[${this.#drawnLines}A\u001b[J`);
    this.#drawnLines = 0;
  }

  /** Raw bytes for the terminal (cursor moves of the progress display), on stderr. */
  draw(text: string): void {
    this.#stderr.write(text);
  }

  /** Raw text on stdout, without a line end added: tables, CSV, completion scripts. */
  raw(text: string | Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      if (this.#stdout.write(text)) resolve();
      else this.#stdout.once('drain', resolve);
    });
  }

  error(error: BarlineError): void {
    if (this.options.json) {
      const { code, message, hint, facts } = error;
      this.#stderr.write(`${toJson({ error: { code, message, hint, facts } })}\n`);
      return;
    }
    const [red, dim, reset] = this.options.color ? ['\u001b[31m', '\u001b[2m', '\u001b[0m'] : ['', '', ''];
    this.#stderr.write(`${red}error[${error.code}]${reset}: ${oneLine(error.message)}\n`);
    if (error.hint !== undefined) this.#stderr.write(`${dim}hint:${reset} ${oneLine(error.hint)}\n`);
    if (this.options.verbose) this.#stderr.write(causeChain(error));
  }
}

/** JSON with bigint as a number where exact, else as a string; NaN and infinities as null. */
export function toJson(value: unknown, space?: number): string {
  return JSON.stringify(
    value,
    (_key, item: unknown) => {
      if (typeof item === 'bigint')
        return Number.isSafeInteger(Number(item)) ? Number(item) : item.toString();
      return item;
    },
    space,
  );
}

function causeChain(error: Error): string {
  let text = '';
  for (let cause: unknown = error.cause; cause instanceof Error; cause = cause.cause) {
    text += `caused by: ${cause.message}\n`;
  }
  return text;
}

/** Any thrown value as a BarlineError; a bug becomes `INTERNAL` with its stack as cause. */
export function asBarlineError(error: unknown): BarlineError {
  if (error instanceof BarlineError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new BarlineError({
    code: 'INTERNAL',
    message: `unexpected: ${message}`,
    hint: 'this is a bug in Barline; run again with --verbose and report what it prints',
    cause: error instanceof Error ? new Error(error.stack ?? error.message, { cause: error.cause }) : error,
  });
}
