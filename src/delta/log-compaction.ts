import type { Storage } from '../storage/index.ts';
import type { Action, DomainMetadata, Metadata, Protocol, SetTransaction } from './actions.ts';
import { encodeCommit, parseCommit } from './commit-file.ts';
import { commitPath, LOG_FOLDER, versionDigits } from './paths.ts';
import { fileKey } from './replay.ts';

/** Commits read at once. */
const READ_AHEAD = 64;

export function compactedPath(from: number, to: number): string {
  return `${LOG_FOLDER}${versionDigits(from)}.${versionDigits(to)}.compacted.json`;
}

/**
 * What a run of commits comes to, oldest first: of each logical file, application and domain the last word, removals
 * among them, since a state before the run may have what they remove.
 */
export function reconcile(commits: Iterable<readonly Action[]>): Action[] {
  let protocol: Protocol | undefined;
  let metadata: Metadata | undefined;
  const transactions = new Map<string, SetTransaction>();
  const domains = new Map<string, DomainMetadata>();
  const files = new Map<string, Action>();
  for (const actions of commits) {
    for (const action of actions) {
      if ('add' in action) files.set(fileKey(action.add), action);
      else if ('remove' in action) files.set(fileKey(action.remove), action);
      else if ('txn' in action) transactions.set(action.txn.appId, action.txn);
      else if ('domainMetadata' in action) {
        domains.set(action.domainMetadata.domain, action.domainMetadata);
      } else if ('metaData' in action) metadata = action.metaData;
      else if ('protocol' in action) protocol = action.protocol;
    }
  }
  return [
    ...(protocol === undefined ? [] : [{ protocol }]),
    ...(metadata === undefined ? [] : [{ metaData: metadata }]),
    ...[...transactions.values()].map((txn) => ({ txn })),
    ...[...domains.values()].map((domainMetadata) => ({ domainMetadata })),
    ...files.values(),
  ];
}

/**
 * Writes the log compaction file that stands for the commits `from` to `to`; readers may take it instead of them.
 * False when it is there already. The commits stay.
 */
export async function compactLog(storage: Storage, from: number, to: number): Promise<boolean> {
  const commits: Action[][] = [];
  for (let start = from; start <= to; start += READ_AHEAD) {
    const versions = Array.from({ length: Math.min(READ_AHEAD, to - start + 1) }, (_, i) => start + i);
    const contents = versions.map(async (version) => {
      const path = commitPath(version);
      return parseCommit(await storage.read(path), `${storage.uri}/${path}`, { commitInfo: false });
    });
    commits.push(...(await Promise.all(contents)));
  }
  return storage.putIfAbsent(compactedPath(from, to), encodeCommit(reconcile(commits)));
}
