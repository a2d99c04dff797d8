/** RFC 7541 Appendix A: name, value, name, value …, from index 1. */
const entries =
  ':authority||:method|GET|:method|POST|:path|/|:path|/index.html|:scheme|http|:scheme|https|:status|200|:status|204|:status|206|' +
  ':status|304|:status|400|:status|404|:status|500|accept-charset||accept-encoding|gzip, deflate|accept-language||accept-ranges||' +
  'accept||access-control-allow-origin||age||allow||authorization||cache-control||content-disposition||content-encoding||' +
  'content-language||content-length||content-location||content-range||content-type||cookie||date||etag||expect||expires||from||' +
  'host||if-match||if-modified-since||if-none-match||if-range||if-unmodified-since||last-modified||link||location||max-forwards||' +
  'proxy-authenticate||proxy-authorization||range||referer||refresh||retry-after||server||set-cookie||strict-transport-security||' +
  'transfer-encoding||user-agent||vary||via||www-authenticate|'

const parts = entries.split('|')

/** Names and values by index; index 0 is not used. */
export const staticNames: readonly string[] = ['', ...parts.filter((_, i) => i % 2 === 0)]
export const staticValues: readonly string[] = ['', ...parts.filter((_, i) => i % 2 === 1)]

/** Entries of the static table; the dynamic table's begin after them. */
export const STATIC_COUNT = 61

/** The first index of a name, or 0. */
export function staticIndex(name: string): number {
  return firstIndex.get(name) ?? 0
}

const firstIndex = new Map<string, number>()
for (let i = STATIC_COUNT; i > 0; i--) firstIndex.set(staticNames[i]!, i)
