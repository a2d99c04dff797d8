import { Store } from '../api/store.ts'

export type Theme = 'system' | 'light' | 'dark'

const KEY = 'portcullis.theme'
const system = matchMedia('(prefers-color-scheme: dark)')

export const theme = new Store<Theme>(kept())
/** What is shown: what was chosen, or what the system has. */
export const shown = new Store<'light' | 'dark'>('light')

/** Keeps the page in the theme that is chosen. Before the first paint, so that none is white in the dark. */
export function applyTheme(): void {
  theme.subscribe(show)
  system.addEventListener('change', show)
  show()
}

export function choose(next: Theme): void {
  if (next === 'system') localStorage.removeItem(KEY)
  else localStorage.setItem(KEY, next)
  theme.set(next)
}

function kept(): Theme {
  const text = localStorage.getItem(KEY)
  return text === 'light' || text === 'dark' ? text : 'system'
}

function show(): void {
  const chosen = theme.get()
  const next = chosen === 'system' ? (system.matches ? 'dark' : 'light') : chosen
  document.documentElement.dataset['theme'] = next
  shown.set(next)
}
