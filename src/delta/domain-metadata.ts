import type { DomainMetadata } from './actions.ts';
import { deltaError } from './delta-error.ts';
import type { Snapshot } from './snapshot.ts';

/** Named texts kept with a table. Names that begin with `delta.` belong to table features. */

export const DOMAIN_FEATURE = 'domainMetadata';
const SYSTEM_PREFIX = 'delta.';

export function isUserDomain(domain: string): boolean {
  return !domain.startsWith(SYSTEM_PREFIX);
}

/** `DELTA_BAD_DOMAIN` for a name that is empty or belongs to the system. */
export function domainSet(domain: string, configuration: string, table: string): DomainMetadata {
  checkName(domain, table);
  return { domain, configuration, removed: false };
}

/** Keeps what the domain held, as the protocol asks of its tombstone. */
export function domainRemoved(domain: string, snapshot: Snapshot): DomainMetadata {
  checkName(domain, snapshot.table);
  const current = snapshot.domainMetadata.get(domain);
  if (current !== undefined) return { ...current, removed: true };
  const names = [...snapshot.domainMetadata.keys()].filter(isUserDomain);
  throw deltaError({
    code: 'DELTA_BAD_DOMAIN',
    message: `${snapshot.table} has no metadata domain ${JSON.stringify(domain)}`,
    hint: names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`,
    facts: { table: snapshot.table, domain },
  });
}

/** What brings the user's domains from one version's to another's. */
export function domainChanges(current: Snapshot, target: Snapshot): DomainMetadata[] {
  const changes: DomainMetadata[] = [];
  for (const domain of target.domainMetadata.values()) {
    const now = current.domainMetadata.get(domain.domain);
    if (isUserDomain(domain.domain) && now?.configuration !== domain.configuration) changes.push(domain);
  }
  for (const domain of current.domainMetadata.values()) {
    if (isUserDomain(domain.domain) && !target.domainMetadata.has(domain.domain)) {
      changes.push({ ...domain, removed: true });
    }
  }
  return changes;
}

function checkName(domain: string, table: string): void {
  if (domain !== '' && isUserDomain(domain)) return;
  throw deltaError({
    code: 'DELTA_BAD_DOMAIN',
    message: `${table}: the metadata domain ${JSON.stringify(domain)} is not one of the user's`,
    hint: `choose a name that does not begin with ${SYSTEM_PREFIX}`,
    facts: { table, domain },
  });
}
