import { SORTS, type Sort } from './host-now';

/** What the keys have chosen. */
export interface TopState {
  readonly view: 'list' | 'detail' | 'help' | 'filter';
  readonly sort: Sort;
  readonly filter: string;
  /** Key of the selected job; null: none. */
  readonly selected: string | null;
}

export type KeyOutcome = { readonly state: TopState; readonly next: 'draw' | 'read' | 'quit' };

const PAGE = 10;
const LONGEST_FILTER = 64;

/**
 * What a key does.
 * @param key as of `parseKeys`
 * @param keys of the jobs that the list has, in its order
 */
export function pressKey(state: TopState, key: string, keys: readonly string[]): KeyOutcome {
  if (key === 'ctrl-c') return { state, next: 'quit' };
  if (state.view === 'filter') return { state: editFilter(state, key), next: 'draw' };
  if (key === 'q') return { state, next: 'quit' };
  if (key === ' ') return { state, next: 'read' };
  return { state: move(state, key, keys), next: 'draw' };
}

function move(state: TopState, key: string, keys: readonly string[]): TopState {
  switch (key) {
    case 's':
      return { ...state, sort: SORTS[(SORTS.indexOf(state.sort) + 1) % SORTS.length] ?? 'watts' };
    case 'w':
      return { ...state, sort: 'watts' };
    case 'e':
      return { ...state, sort: 'energy' };
    case 'c':
      return { ...state, sort: 'cpu' };
    case '/':
      return { ...state, view: 'filter' };
    case 'h':
    case '?':
      return { ...state, view: state.view === 'help' ? 'list' : 'help' };
    case 'enter':
      return state.selected === null ? select(state, keys, 0) : { ...state, view: 'detail' };
    case 'escape':
      return state.view === 'list' ? { ...state, selected: null, filter: '' } : { ...state, view: 'list' };
    case 'down':
    case 'j':
      return select(state, keys, indexOf(state, keys) + 1);
    case 'up':
    case 'k':
      return select(state, keys, Math.max(0, indexOf(state, keys) - 1));
    case 'page-down':
      return select(state, keys, indexOf(state, keys) + PAGE);
    case 'page-up':
      return select(state, keys, indexOf(state, keys) - PAGE);
    case 'home':
      return select(state, keys, 0);
    case 'end':
      return select(state, keys, keys.length - 1);
    default:
      return state;
  }
}

function indexOf({ selected }: TopState, keys: readonly string[]): number {
  return selected === null ? -1 : keys.indexOf(selected);
}

function select(state: TopState, keys: readonly string[], index: number): TopState {
  return { ...state, selected: keys[Math.max(0, Math.min(keys.length - 1, index))] ?? null };
}

function editFilter(state: TopState, key: string): TopState {
  if (key === 'enter') return { ...state, view: 'list' };
  if (key === 'escape') return { ...state, view: 'list', filter: '' };
  if (key === 'backspace') return { ...state, filter: [...state.filter].slice(0, -1).join('') };
  if ([...key].length !== 1 || state.filter.length >= LONGEST_FILTER) return state;
  return { ...state, filter: state.filter + key };
}
