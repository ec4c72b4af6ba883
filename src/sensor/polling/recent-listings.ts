import type { ChangeKind } from '../../contract/index.ts';
import type { ListChanges } from './sensor.ts';

type Listing = ReadonlyMap<string, ChangeKind>;

/** Listings are shared for so long; each costs the engine about half a second. */
const RECENT_MS = 1000;
/** Containers whose listing is kept. */
const MAX_KEPT = 64;

/** An engine's lists of changes, by path, so that looking at fifty paths does not mean fifty listings. */
export class RecentListings {
  readonly #list: ListChanges;
  readonly #kept = new Map<string, { readonly at: number; readonly listing: Promise<Listing> }>();

  constructor(list: ListChanges) {
    this.#list = list;
  }

  /** A listing that is at most a second old. */
  recent(id: string): Promise<Listing> {
    const kept = this.#kept.get(id);
    return kept !== undefined && Date.now() - kept.at < RECENT_MS ? kept.listing : this.fresh(id);
  }

  /** A listing that began after this call. */
  fresh(id: string): Promise<Listing> {
    const listing = this.#list(id).then((changes) => new Map(changes.map(({ kind, path }) => [path, kind])));
    // A failed one is not shared with those who ask later.
    listing.catch(() => this.#kept.delete(id));
    if (this.#kept.size >= MAX_KEPT) this.#kept.clear();
    this.#kept.set(id, { at: Date.now(), listing });
    return listing;
  }
}
