/** A getter of URL is a call of C++, and of most backends it is "/". */
const basePaths = new WeakMap<URL, string>()

/** What stands before each path of a backend: empty, or `/api` without a slash at its end. */
export function basePathOf(url: URL): string {
  let path = basePaths.get(url)
  if (path === undefined) {
    path = url.pathname.replace(/\/$/, '')
    basePaths.set(url, path)
  }
  return path
}
