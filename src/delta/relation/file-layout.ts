import { type DuckDbSession, quotePath } from '../../duckdb/index.ts';

/** A column of a Parquet file, or the file itself. */
export interface LayoutNode {
  readonly name: string;
  readonly fieldId: number | undefined;
  readonly children: readonly LayoutNode[];
}

/** What of a data file's own schema decides how it is read. */
export interface FileLayout {
  /** With field ids; only where columns are found by them. */
  readonly root: LayoutNode | undefined;
  /** Top-level columns by name, with DuckDB's type; only where a variant may be stored in either of two ways. */
  readonly types: ReadonlyMap<string, string> | undefined;
  /** Equal for files that are read alike. */
  readonly key: string;
}

/** Where the log says all: nothing of a file is looked at. */
export const LOG_LAYOUT: FileLayout = { root: undefined, types: undefined, key: '' };

/** Reads footers: of all files at once for the ids, of one after the other for the types. */
export async function readLayouts(
  session: DuckDbSession,
  paths: readonly string[],
  wanted: { readonly ids: boolean; readonly types: boolean },
): Promise<Map<string, FileLayout>> {
  const roots = wanted.ids ? await readRoots(session, paths) : new Map<string, LayoutNode>();
  const layouts = new Map<string, FileLayout>();
  for (const path of paths) {
    const root = roots.get(path);
    const types = wanted.types ? await readTypes(session, path) : undefined;
    layouts.set(path, { root, types, key: JSON.stringify([root ?? null, [...(types ?? [])]]) });
  }
  return layouts;
}

async function readTypes(session: DuckDbSession, path: string): Promise<Map<string, string>> {
  const columns = await session.columns(
    `SELECT * FROM read_parquet(${quotePath(path)})`,
    `data file ${path}`,
  );
  return new Map(columns.map(({ name, type }) => [name, type]));
}

interface FlatNode {
  readonly name: string;
  readonly fieldId: number | undefined;
  readonly childCount: number;
}

async function readRoots(session: DuckDbSession, paths: readonly string[]): Promise<Map<string, LayoutNode>> {
  const flat = new Map<string, FlatNode[]>();
  const list = `[${paths.map(quotePath).join(', ')}]`;
  const query = `SELECT file_name, name, num_children, field_id FROM parquet_schema(${list})`;
  for await (const chunk of session.chunks(query, 'the footers of data files')) {
    const [files, names, counts, ids] = [0, 1, 2, 3].map((column) => chunk.values(column));
    for (let row = 0; row < chunk.rowCount; row++) {
      const file = String(files?.[row]);
      const nodes = flat.get(file) ?? [];
      flat.set(file, nodes);
      const id = ids?.[row] ?? null;
      const fieldId = id === null || Number(id) < 0 ? undefined : Number(id);
      nodes.push({ name: String(names?.[row]), fieldId, childCount: Number(counts?.[row] ?? 0) });
    }
  }
  return new Map([...flat].map(([file, nodes]) => [file, treeOf(nodes)]));
}

/** The footer lists nodes depth first, each with its count of children. */
function treeOf(nodes: readonly FlatNode[]): LayoutNode {
  let next = 0;
  const take = (): LayoutNode => {
    const { name, fieldId, childCount } = nodes[next++] ?? { name: '', fieldId: undefined, childCount: 0 };
    return { name, fieldId, children: Array.from({ length: childCount }, take) };
  };
  return take();
}

/** The element of a list's node; old writers left out the level between. */
export function elementOf(list: LayoutNode): LayoutNode | undefined {
  const repeated = list.children[0];
  if (repeated === undefined) return undefined;
  const isElement =
    repeated.children.length !== 1 || repeated.name === 'array' || repeated.name === `${list.name}_tuple`;
  return isElement ? repeated : repeated.children[0];
}
