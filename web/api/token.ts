import { Store } from './store.ts'

const KEY = 'portcullis.token'

/** Of this tab alone: session storage ends with it. */
export const token = new Store<string | null>(sessionStorage.getItem(KEY))

/** Why a token is asked for: /v1 wants one, has not taken the one that was sent, somebody wants to use one, or to make the first user. */
export type TokenWanted = 'no' | 'missing' | 'refused' | 'asked' | 'setup'
export const tokenWanted = new Store<TokenWanted>('no')

export function askForToken(): void {
  tokenWanted.set('asked')
}

export function askForSetup(): void {
  tokenWanted.set('setup')
}

/** Goes on without one. */
export function dropToken(): void {
  tokenWanted.set('no')
}

export function keepToken(text: string): void {
  replaceToken(text)
  tokenWanted.set('no')
}

/** Sends this one from now on; who is asked for a token stays so. */
export function replaceToken(text: string): void {
  sessionStorage.setItem(KEY, text)
  token.set(text)
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
