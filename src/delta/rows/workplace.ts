import { rmSync } from 'node:fs';
import { makeTemporaryFolder } from '../../base/index.ts';
import { DuckDbSession, quoteName, quoteText, type SessionLimits } from '../../duckdb/index.ts';

let serial = 0;

/** Where a write is prepared: a DuckDB session with tables of its own, and a folder for files on their way. */
export class Workplace implements Disposable {
  readonly session: DuckDbSession;
  /** Of this machine; removed in the end. */
  readonly folder: string;
  readonly limits: SessionLimits;
  readonly #ownsSession: boolean;
  readonly #drops: string[] = [];
  readonly #removeFolder: () => void;

  private constructor(session: DuckDbSession, ownsSession: boolean, limits: SessionLimits) {
    this.session = session;
    this.limits = limits;
    this.#ownsSession = ownsSession;
    this.folder = makeTemporaryFolder(limits.temporaryFolder, 'write');
    this.#removeFolder = () => rmSync(this.folder, { recursive: true, force: true });
    process.on('exit', this.#removeFolder);
  }

  /** In the session given, which stays open, or in one of its own. */
  static async open(limits: SessionLimits, session?: DuckDbSession): Promise<Workplace> {
    return new Workplace(session ?? (await DuckDbSession.open(limits)), session === undefined, limits);
  }

  /** A name that nothing else in the session has. */
  newName(what: string): string {
    serial += 1;
    return `barline_${what}_${serial}`;
  }

  /** Keeps a query's rows until the end; gives the table's name. */
  async keep(what: string, query: string, purpose?: string): Promise<string> {
    const name = this.newName(what);
    await this.session.run(`CREATE TEMP TABLE ${quoteName(name)} AS ${query}`, purpose);
    this.#drops.push(`DROP TABLE IF EXISTS ${quoteName(name)}`);
    return name;
  }

  /** An enumeration of texts: each is known by its place among them. */
  async enumerate(what: string, texts: readonly string[]): Promise<string> {
    const name = this.newName(what);
    await this.session.run(
      `CREATE TEMP TYPE ${quoteName(name)} AS ENUM (${texts.map(quoteText).join(', ')})`,
    );
    this.#drops.push(`DROP TYPE IF EXISTS ${quoteName(name)}`);
    return name;
  }

  async count(query: string, what?: string): Promise<number> {
    return Number(await this.session.value(query, what));
  }

  /** Drops what was made in a session that stays open. */
  async leave(): Promise<void> {
    if (this.#ownsSession) return;
    for (const drop of this.#drops.splice(0).reverse()) await this.session.run(drop);
  }

  [Symbol.dispose](): void {
    if (this.#ownsSession) this.session[Symbol.dispose]();
    process.off('exit', this.#removeFolder);
    this.#removeFolder();
  }
}
