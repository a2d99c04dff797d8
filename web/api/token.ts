import { Store } from './store.ts'

const KEY = 'portcullis.token'

/** Of this tab alone: session storage ends with it. */
export const token = new Store<string | null>(sessionStorage.getItem(KEY))

/** Set where /v1 has asked for a token: whether one was sent that it did not take; or where somebody wants to use one. */
export const tokenWanted = new Store<'no' | 'missing' | 'refused' | 'asked'>('no')

export function askForToken(): void {
  tokenWanted.set('asked')
}

/** Goes on without one. */
export function dropToken(): void {
  tokenWanted.set('no')
}

export function keepToken(text: string): void {
  sessionStorage.setItem(KEY, text)
  token.set(text)
  tokenWanted.set('no')
}

export function forgetToken(): void {
  sessionStorage.removeItem(KEY)
  token.set(null)
}

export function tokenRefused(sent: string | null): void {
  // One that was replaced while the request was on its way says nothing about the new one.
  if (sent !== token.get()) return
  tokenWanted.set(sent === null ? 'missing' : 'refused')
}
