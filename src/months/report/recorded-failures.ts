/** The months a run could not make, as it noted them in the lake. */
import { z } from 'zod';
import { isTemporaryPath, type Storage } from '../../storage/index.ts';

const monthFailure = z.object({
  month: z.string(),
  code: z.string(),
  message: z.string(),
  hint: z.string().nullable().catch(null),
  kind: z.enum(['transient', 'permanent']).catch('permanent'),
  attempts: z.number().nullable().catch(null),
  failed_at: z.string().nullable().catch(null),
  source_file: z.string().nullable().catch(null),
});

export type MonthFailure = z.infer<typeof monthFailure>;

/** In time order; a note that cannot be read is left out. */
export async function listFailures(lake: Storage): Promise<MonthFailure[]> {
  const failures: MonthFailure[] = [];
  for await (const { path } of lake.list('_barline/failures/', { details: false })) {
    if (isTemporaryPath(path) || !path.endsWith('.json')) continue;
    const failure = parseFailure(new TextDecoder().decode(await lake.read(path)));
    if (failure !== null) failures.push(failure);
  }
  return failures.sort((a, b) => (a.month < b.month ? -1 : 1));
}

function parseFailure(text: string): MonthFailure | null {
  try {
    return monthFailure.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
