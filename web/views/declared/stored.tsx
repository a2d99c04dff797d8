import { Link } from '@tanstack/react-router'
import type { StoredObject } from '../../../src/api/shapes/declared-object.ts'
import { change, storedListQuery } from '../../api/recorded.ts'
import { configurationChanged, objectPath } from '../../api/queries.ts'
import { date } from '../../format.ts'
import { Empty } from '../../parts/answers.tsx'
import { FormDialog } from '../../parts/form.tsx'
import { objectParams } from '../../parts/links.tsx'
import type { Column } from '../../parts/table.tsx'
import { declaredTexts as t } from '../../texts/declared.ts'
import { managementTexts } from '../../texts/management.ts'
import { DialogButton } from '../records/dialog-button.tsx'
import { RecordTable } from '../records/record-table.tsx'

/** Declared objects that stand in no file, of those that whoever looks may change. */
export function Stored() {
  return (
    <RecordTable
      label={t.title}
      list={storedListQuery}
      columns={columns}
      rowKey={({ object }) => `${object.group} ${object.kind} ${object.namespace} ${object.name}`}
      empty={
        <Empty title={t.nothing}>
          <p>{t.nothingHint}</p>
        </Empty>
      }
    />
  )
}

const columns: readonly Column<StoredObject>[] = [
  {
    title: t.object,
    cell: ({ object }) => (
      <Link to="/apis/edit/$group/$kind/$namespace/$name" params={objectParams(object)}>
        {object.kind}/
        {object.namespace === 'default' || object.namespace === '' ? '' : `${object.namespace}/`}
        {object.name}
      </Link>
    ),
  },
  { title: t.owner, width: 9, from: 'desk', cell: ({ owner }) => owner ?? '' },
  { title: t.updated, width: 9, from: 'tablet', cell: ({ updatedAt }) => date(updatedAt) },
  { title: managementTexts.actions, width: 7, steps: true, cell: one => <Delete stored={one} /> },
]

function Delete({ stored: { object } }: { readonly stored: StoredObject }) {
  const remove = async () => {
    await change('DELETE', objectPath(object))
    configurationChanged()
  }
  return (
    <DialogButton needs={['apis:write', 'routes:write']} text={managementTexts.delete} quiet>
      {close => (
        <FormDialog
          title={managementTexts.deleteTitle(`${object.kind}/${object.name}`)}
          submit={managementTexts.deleteIt}
          danger
          onClose={close}
          onSubmit={remove}
        >
          <p>{t.deleteText}</p>
        </FormDialog>
      )}
    </DialogButton>
  )
}
