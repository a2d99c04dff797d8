import * as Radix from '@radix-ui/react-dialog'
import type { ReactNode } from 'react'
import { commonTexts } from '../texts/common.ts'
import { Icon } from './icon.tsx'

interface Props {
  readonly open: boolean
  readonly onClose: (() => void) | null
  readonly title: string
  readonly className?: string
  readonly children: ReactNode
}

/**
 * Radix keeps the focus in it and gives it back. Its own Overlay is left out: that locks the page's scrolling by a
 * `<style>` element, which the Content-Security-Policy refuses.
 */
export function Dialog({ open, onClose, title, className = '', children }: Props) {
  return (
    <Radix.Root open={open} onOpenChange={next => !next && onClose?.()}>
      <Radix.Portal>
        <div className="veil" />
        <Radix.Content className={`dialog ${className}`} aria-describedby={undefined}>
          <header>
            <Radix.Title>{title}</Radix.Title>
            {onClose === null ? null : (
              <Radix.Close className="bare" aria-label={commonTexts.close}>
                <Icon name="close" />
              </Radix.Close>
            )}
          </header>
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}
