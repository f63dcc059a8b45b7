/**
 * What is selected in a listing of which only parts are loaded: single paths, or all of it except some. Immutable.
 */
export type Selection =
  | { readonly all: false; readonly paths: ReadonlySet<string> }
  | { readonly all: true; readonly except: ReadonlySet<string> };

export const nothing: Selection = { all: false, paths: new Set() };
export const everything: Selection = { all: true, except: new Set() };

export function has(selection: Selection, path: string): boolean {
  return selection.all ? !selection.except.has(path) : selection.paths.has(path);
}

export function countOf(selection: Selection, total: number): number {
  return selection.all ? Math.max(0, total - selection.except.size) : selection.paths.size;
}

export function only(path: string): Selection {
  return { all: false, paths: new Set([path]) };
}

export function these(paths: Iterable<string>): Selection {
  return { all: false, paths: new Set(paths) };
}

export function toggle(selection: Selection, path: string): Selection {
  if (selection.all) {
    const except = new Set(selection.except);
    if (!except.delete(path)) except.add(path);
    return { all: true, except };
  }
  const paths = new Set(selection.paths);
  if (!paths.delete(path)) paths.add(path);
  return { all: false, paths };
}

export function add(selection: Selection, more: Iterable<string>): Selection {
  if (selection.all) {
    const except = new Set(selection.except);
    for (const path of more) except.delete(path);
    return { all: true, except };
  }
  return { all: false, paths: new Set([...selection.paths, ...more]) };
}
