import { useNavigate } from '@tanstack/react-router'
import { useEffect } from 'react'
import { views } from './views.ts'

const SECOND_KEY_MS = 1200

/** `/` goes to the filter, `g` and a letter to a view, `?` shows all keys. Not while somebody types. */
export function useKeys(onHelp: () => void): void {
  const navigate = useNavigate()
  useEffect(() => {
    let goUntil = 0
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || types(event.target)) return
      const view = event.timeStamp < goUntil ? views.find(({ key }) => key === event.key) : undefined
      goUntil = event.key === 'g' ? event.timeStamp + SECOND_KEY_MS : 0
      if (view !== undefined) void navigate({ to: view.to })
      else if (event.key === '/') document.querySelector<HTMLElement>('[data-first-filter]')?.focus()
      else if (event.key === '?') onHelp()
      else return
      event.preventDefault()
    }
    document.addEventListener('keydown', onKeyDown)
    return () => document.removeEventListener('keydown', onKeyDown)
  }, [navigate, onHelp])
}

function types(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('input, textarea, select, [role=dialog]') !== null
}
