// A file is the same bytes whoever encodes its row groups, and however often.
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import {
  assembleFile,
  type EncodedRowGroup,
  encodeParquet,
  encodeRowGroup,
} from '../../src/parquet/index.ts';
import { fileCases } from './cases.ts';

const cases = fileCases().filter(({ name }) => name === 'runs-1000' || name === 'some-1500');

describe('the same rows give the same bytes', () => {
  it.each(cases)('$name, encoded again after other columns', ({ columns, options }) => {
    const schema = { fields: columns.map((column) => column.field) };
    const data = columns.map((column) => column.data);
    const first = Buffer.concat(encodeParquet(schema, data, options));
    encodeParquet(
      schema,
      data.toReversed().map((_, index) => data[index]),
      { rowGroupRows: 77, pageRows: 13 },
    );
    expect(Buffer.concat(encodeParquet(schema, data, options)).equals(first)).toBe(true);
  });

  it('whether a row group was encoded here or posted by a thread', async () => {
    const schema = { fields: [{ name: 'x', type: 'float' as const }] };
    const values = Float32Array.from({ length: 5000 }, (_, row) =>
      row % 40 === 0 ? Number.NaN : Math.sin(row),
    );
    const column = { values, nanIsNull: true };
    const script = `
      import { parentPort, workerData } from 'node:worker_threads';
      const { encodeRowGroup } = await import(workerData.module);
      const rowGroup = encodeRowGroup(workerData.schema, [workerData.column]);
      parentPort.postMessage(rowGroup, rowGroup.pieces.map((piece) => piece.buffer));`;
    const module = new URL('../../src/parquet/index.ts', import.meta.url).href;
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(script)}`), {
      workerData: { module, schema, column },
    });
    const posted = await new Promise<EncodedRowGroup>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    const here = encodeRowGroup(schema, [column]);
    expect(posted.columns).toEqual(here.columns);
    expect(Buffer.concat(assembleFile(schema, [posted, posted]))).toEqual(
      Buffer.concat(assembleFile(schema, [here, here])),
    );
  });
});
