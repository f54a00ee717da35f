/** Hearing a sound with the picture beside it: the film's own sound is silent meanwhile. */
import type { Player } from '../shared/player.ts'
import type { Flicks } from '../shared/time.ts'

export class Listener {
  private readonly player: Player
  private readonly audio = new Audio()
  private from: (() => void) | null = null
  private address = ''

  constructor(player: Player) {
    this.player = player
    this.audio.addEventListener('ended', () => this.stop())
    player.watch((_, playing) => {
      if (playing && this.from) {
        const begin = this.from
        this.from = null
        begin()
      }
    })
  }

  get playing(): boolean {
    return this.from !== null || !this.audio.paused
  }

  /**
   * Play a sound from its beginning; the picture runs along from *at*, or stays where it is.
   *
   * Resolves with false when there is nothing to play.
   */
  async play(sound: string | Blob, at: Flicks | null): Promise<boolean> {
    this.stop()
    this.forget()
    this.address = typeof sound === 'string' ? sound : URL.createObjectURL(sound)
    this.audio.src = this.address
    const begin = () => this.audio.play()
    const { video } = this.player
    try {
      if (at === null || !video) await begin()
      else {
        video.muted = true
        await this.player.seekTime(Math.max(0, at))
        // The sound begins with the first frame that moves, not with the wish to play.
        this.from = () => void begin().catch(() => this.stop())
        await this.player.play()
      }
    } catch {
      this.stop()
      return false
    }
    return true
  }

  stop(): void {
    this.from = null
    if (!this.audio.paused) this.audio.pause()
    if (this.player.video?.muted) {
      this.player.pause()
      this.player.video.muted = false
    }
  }

  private forget(): void {
    if (this.address.startsWith('blob:')) URL.revokeObjectURL(this.address)
    this.address = ''
  }
}
