import { link, mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../../upstream/clock.ts'
import { FolderLeases } from './folder-leases.ts'
import { checkedName, type CertificateStore, type DocumentName, type Folder, type Lease } from './store.ts'
import { codeOf, readIfThere, writeHidden, writeWhole } from './whole-file.ts'

/**
 * A folder that replicas may share, over NFS too: files are replaced by rename, made by link, and read by opening them
 * (which is when NFS asks its server). Nothing relies on listings being fresh, nor on clocks that agree.
 */
export class FolderStore implements CertificateStore {
  private readonly path: string
  private readonly leases: FolderLeases
  private readonly made = new Set<string>()

  /** `clock` is monotonic; leases go by it. */
  constructor(path: string, clock: Clock, leaseMs?: number) {
    this.path = path
    this.leases = new FolderLeases(join(path, 'leases'), clock, leaseMs)
  }

  async read(name: DocumentName): Promise<string | null> {
    return readIfThere(this.fileOf(name).file)
  }

  async write(name: DocumentName, text: string): Promise<void> {
    const { folder, file } = this.fileOf(name)
    await this.makeFolder(folder)
    await writeWhole(file, text)
  }

  async create(name: DocumentName, text: string): Promise<boolean> {
    const { folder, file } = this.fileOf(name)
    await this.makeFolder(folder)
    const hidden = await writeHidden(file, text)
    try {
      await link(hidden, file)
      return true
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error
      // Over NFS the answer to a link that was made may be lost, and the second try finds it.
      return (await readIfThere(file)) === text
    } finally {
      await rm(hidden, { force: true })
    }
  }

  async list(folder: Folder): Promise<readonly DocumentName[]> {
    try {
      const names = await readdir(join(this.path, folder))
      return names.filter(name => !name.startsWith('.')).map(name => `${folder}/${name}` as const)
    } catch (error) {
      // Nor is anything below what is a file: where nothing is wanted, that is nobody's concern.
      if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return []
      throw error
    }
  }

  async remove(name: DocumentName): Promise<void> {
    await rm(this.fileOf(name).file, { force: true })
  }

  async lease(name: string): Promise<Lease | null> {
    await this.makeFolder(join(this.path, 'leases'))
    return this.leases.take(checkedName(name))
  }

  private fileOf(name: DocumentName): { folder: string; file: string } {
    const slash = name.indexOf('/')
    const folder = join(this.path, name.slice(0, slash))
    return { folder, file: join(folder, checkedName(name.slice(slash + 1))) }
  }

  private async makeFolder(folder: string): Promise<void> {
    if (this.made.has(folder)) return
    await mkdir(folder, { recursive: true, mode: 0o700 })
    this.made.add(folder)
  }
}
