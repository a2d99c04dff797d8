/** What a backend says of one part of a page, and what of it the page shows: the work of all who compose it. */
export interface Part {
  readonly id: string
  readonly name: string
  readonly tier: string
  readonly email: string
  readonly items: { readonly id: string; readonly total: number; readonly margin: number }[]
}

export interface ShownPart {
  readonly name: string
  readonly items: { readonly id: string; readonly total: number }[]
}

/** Of the largest page; smaller ones have the first of them. */
export const partNames = [
  'profile',
  'orders',
  'offers',
  'cart',
  'wishes',
  'reviews',
  'points',
  'messages',
  'devices',
  'addresses',
] as const

/** The pages, each with its parts, and where the backend has them. One that is soft may be missing. */
export const pages = {
  one: partsOf(1),
  three: partsOf(3),
  ten: partsOf(10),
  slow: partsOf(3, { orders: 'slow' }),
  failing: partsOf(3, { offers: 'failing' }),
} as const

export type PageName = keyof typeof pages

export interface PagePart {
  readonly name: (typeof partNames)[number]
  readonly from: 'parts' | 'slow' | 'failing'
  readonly soft: boolean
}

function partsOf(count: number, from: Readonly<Record<string, PagePart['from']>> = {}): readonly PagePart[] {
  return partNames
    .slice(0, count)
    .map(name => ({ name, from: from[name] ?? 'parts', soft: from[name] === 'failing' }))
}

/** In place of a part that is missing. */
export const noPart: ShownPart = { name: '', items: [] }

/** For a part of a page, and for all of a page. */
export const PART_TIMEOUT_MS = 800
export const PAGE_TIMEOUT_MS = 2000

export function partOf(name: string): Part {
  const items = Array.from({ length: 5 }, (_, i) => ({ id: `${name}-${i}`, total: 10 * i, margin: i / 2 }))
  return { id: '7', name, tier: 'gold', email: 'ada@example.com', items }
}

/** The page as clients are to see it. */
export function shownPage(page: PageName): Readonly<Record<string, ShownPart>> {
  return Object.fromEntries(
    pages[page].map(({ name, from }) => [name, from === 'failing' ? noPart : shown(partOf(name))]),
  )
}

function shown({ name, items }: Part): ShownPart {
  return { name, items: items.map(({ id, total }) => ({ id, total })) }
}
