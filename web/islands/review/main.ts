/** The review of a version: the picture, the changed places one after the other, comments, and what was watched. */
import { bindCommands } from '../shared/commands.ts'
import { cuesAt, type Cues } from '../shared/cues.ts'
import { Player, type FilmProps } from '../shared/player.ts'
import { FLICKS_PER_SECOND, type Flicks } from '../shared/time.ts'
import { FASTEST, Watched, playlist, type Span } from '../shared/watched.ts'
import { say } from '../shared/words.ts'

interface Props extends FilmProps {
  readonly cues: Cues
  readonly burned: boolean
  readonly changes: readonly (Span & { readonly uid: string })[]
}

const AROUND = FLICKS_PER_SECOND * 3

export function mount(root: HTMLElement): () => void {
  const props = JSON.parse(root.querySelector('[data-props]')!.textContent!) as Props
  const review = new Review(root, props)
  return () => review.end()
}

class Review {
  private readonly root: HTMLElement
  private readonly props: Props
  private readonly player: Player
  private readonly watched = new Watched()
  private last: { frame: number } | null = null
  private readonly unbind: () => void

  constructor(root: HTMLElement, props: Props) {
    this.root = root
    this.props = props
    this.player = new Player(root, props, () => (props.burned ? [] : props.cues))
    this.player.watch((frame, playing) => this.onFrame(frame, playing))
    this.unbind = bindCommands(root, 'review', {
      ...this.player.commands,
      'review/comment': () => this.comment(),
      'review/play-changes': () => this.playChanges(0),
      'review/next-change': () => this.goToChange(1),
      'review/previous-change': () => this.goToChange(-1),
    })
    root.addEventListener('click', (event) => this.click(event))
    document.body.addEventListener('htmx:after:swap', () => this.onBuildPiece())
    this.tellWatched()
  }

  end(): void {
    this.unbind()
  }

  private part(name: string): HTMLElement | null {
    return this.root.querySelector(`[data-part="${name}"]`)
  }

  private onFrame(frame: number, playing: boolean): void {
    const { grid } = this.player
    const before = this.last
    // Only frames that follow one another, at a speed at which one can read, count as watched.
    if (playing && before && frame > before.frame && frame - before.frame <= grid.nominal / 2) {
      if (this.player.rate <= FASTEST) {
        this.watched.add(grid.timeOf(before.frame), grid.timeOf(frame))
        this.tellWatched()
      }
    }
    this.last = playing ? { frame } : null
    this.tellPlace(frame)
  }

  private tellWatched(): void {
    const permille = this.watched.permille(this.props.changes)
    const text = say('watched', { n: Math.floor(permille / 10) })
    const told = this.part('watched')
    if (told && told.textContent !== text) told.textContent = text
    const bar = this.part('watched-bar') as HTMLProgressElement | null
    if (bar) bar.value = permille
    const field = this.root.querySelector<HTMLInputElement>('input[name="watched_permille"]')
    if (field) field.value = String(permille)
  }

  private tellPlace(frame: number): void {
    const time = this.player.grid.timeOf(frame)
    const cue = cuesAt(this.props.cues, time)[0]
    const form = this.part('comment-form') as HTMLFormElement | null
    if (form) {
      ;(form.elements.namedItem('frame') as HTMLInputElement).value = String(frame)
      ;(form.elements.namedItem('cue_uid') as HTMLInputElement).value = cue?.uid ?? ''
      this.part('comment-place')!.textContent = this.player.grid.timecodeOfFrame(frame)
      this.part('comment-cue')!.textContent = cue
        ? say('commentOn', { n: this.props.cues.indexOf(cue) + 1 })
        : ''
    }
    const now = this.props.changes.findIndex((each) => each.start <= time && time < each.end)
    const uid = this.props.changes[now]?.uid
    for (const line of this.root.querySelectorAll<HTMLElement>('[data-change]'))
      line.classList.toggle('is-now', uid !== undefined && line.dataset.uid === uid)
  }

  /** Writing pauses the film; the place is the frame that is on screen. */
  private comment(): void {
    this.player.pause()
    this.root.querySelector<HTMLTextAreaElement>('#comment-text')?.focus()
  }

  private playChanges(from: number): void {
    const end = this.props.duration ?? this.player.grid.timeOf(this.player.frames)
    const places = playlist(this.props.changes, AROUND, end)
    const place = places[from]
    if (place) void this.player.playSpan(place.start, place.end, () => this.playChanges(from + 1))
  }

  private goToChange(step: 1 | -1): void {
    const time = this.player.time
    const { changes } = this.props
    const target =
      step === 1
        ? changes.find((each) => each.start > time)
        : [...changes].reverse().find((each) => each.start < time)
    if (target) void this.player.seekTime(target.start)
  }

  private click(event: Event): void {
    const button = (event.target as Element).closest<HTMLElement>('[data-goto], [data-goto-frame]')
    if (!button) return
    this.player.pause()
    if (button.dataset.goto) void this.player.seekTime(Number(button.dataset.goto) as Flicks)
    else void this.player.seekFrame(Number(button.dataset.gotoFrame))
  }

  /** The build is ready: watch it, unless that would take away what is being written. */
  private onBuildPiece(): void {
    const piece = document.getElementById('build')
    if (!piece || piece.hasAttribute('hx-get') || this.props.burned) return
    const writing = [...this.root.querySelectorAll('textarea')].some((area) => area.value !== '')
    if (!writing && !this.player.playing) {
      location.reload()
      return
    }
    const link = document.createElement('a')
    link.href = location.pathname
    link.textContent = say('watchIt')
    piece.replaceChildren(`${say('buildReady')} `, link)
  }
}
