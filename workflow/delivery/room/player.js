'use strict'
// Plays the films of this folder from a memory stick. No server, no network: pages of file:// may fetch
// nothing, so the lines and their times are in the page and become cues of a text track here.
;(() => {
  const $ = (id) => document.getElementById(id)
  const data = JSON.parse($('data').textContent)
  const video = $('video')
  const TAG = /<\/?[ibu]>/g
  const remembered = {
    get(key) { try { return localStorage.getItem('terjime ' + data.name + ' ' + key) } catch (e) { return null } },
    set(key, value) { try { localStorage.setItem('terjime ' + data.name + ' ' + key, value) } catch (e) { /* a stick may not be written to */ } },
  }

  let film = data.films[0]
  let track = null
  let words = data.words.tk
  let textOn = remembered.get('text') !== 'off'
  let size = Number(remembered.get('size')) || 1
  let current = -1
  let drawn = ''

  // --- words and looks ---------------------------------------------------------------------------

  function speak(language) {
    words = data.words[language]
    document.documentElement.lang = language
    remembered.set('language', language)
    const said = { back: 'back', forth: 'forth', text: 'text', full: 'full', theme: 'theme' }
    for (const id in said) $(id).textContent = words[said[id]]
    $('start').setAttribute('aria-label', words.play)
    $('seek').setAttribute('aria-label', words.place)
    $('smaller').setAttribute('aria-label', words.smaller)
    $('larger').setAttribute('aria-label', words.larger)
    $('smaller').title = words.smaller
    $('larger').title = words.larger
    $('speed-label').firstChild.textContent = words.speed
    $('volume-label').firstChild.textContent = words.volume
    $('films').setAttribute('aria-label', words.films)
    $('lines').firstChild.textContent = words.lines
    $('keys').firstChild.textContent = words.keys
    $('drawn').textContent = words.drawn
    $('keys').lastChild.replaceChildren(
      ...words.keyList.flatMap(([key, what]) => {
        const dt = document.createElement('dt')
        const dd = document.createElement('dd')
        dt.textContent = key
        dd.textContent = what
        return [dt, dd]
      }),
    )
    for (const button of $('languages').children) button.setAttribute('aria-pressed', String(button.lang === language))
    for (const [index, button] of [...$('films').children].entries()) button.textContent = labelOf(data.films[index])
    showPlaying()
  }

  const labelOf = (which) => words.forms[which.form] + (which.height ? ', ' + which.height + 'p' : '')

  function light(theme) {
    if (theme) document.documentElement.dataset.theme = theme
    if (theme) remembered.set('theme', theme)
  }

  const isDark = () =>
    document.documentElement.dataset.theme
      ? document.documentElement.dataset.theme === 'dark'
      : matchMedia('(prefers-color-scheme: dark)').matches

  // --- the film ----------------------------------------------------------------------------------

  function open(which) {
    film = which
    $('problem').hidden = true
    video.poster = data.poster || ''
    video.src = film.file
    if (track) track.mode = 'disabled'
    track = video.addTextTrack('subtitles', data.languageName, data.language)
    track.mode = 'hidden' // the page draws its cues, in its own size
    film.cues.forEach((cue, index) => {
      const made = new VTTCue(cue.start, cue.end, asVtt(cue.text))
      made.id = String(index)
      track.addCue(made)
    })
    if (!everyFrame) track.oncuechange = () => drawText()
    $('text').disabled = $('smaller').disabled = $('larger').disabled = film.drawn
    $('drawn').hidden = !film.drawn
    for (const [index, button] of [...$('films').children].entries())
      button.setAttribute('aria-pressed', String(data.films[index] === film))
    listLines()
    drawText()
  }

  /** Cue text in WebVTT: our six tags, and any other sign as itself. */
  function asVtt(text) {
    return text.split(/(<\/?[ibu]>)/).map((part) => (/^<\/?[ibu]>$/.test(part) ? part : part.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;'))).join('')
  }

  /** Text with its italic, bold and underlined parts, as nodes; nothing in it is read as HTML. */
  function nodesOf(text) {
    const root = document.createElement('span')
    let at = root
    for (const part of text.split(/(<\/?[ibu]>)/)) {
      if (/^<[ibu]>$/.test(part)) at = at.appendChild(document.createElement(part[1]))
      else if (/^<\/[ibu]>$/.test(part)) { if (at !== root) at = at.parentNode }
      else if (part) at.append(part)
    }
    return root
  }

  /** Draws the lines of that time of the film. */
  function drawText(time = video.currentTime) {
    const t = time + 0.0005 // a frame's time is told in microseconds, rounded
    const now = film.cues.flatMap((cue, index) => (cue.start <= t && t < cue.end ? [index] : []))
    const seen = film.file + now + textOn
    if (seen === drawn) return
    drawn = seen
    $('subtitles').replaceChildren(
      ...(film.drawn || !textOn ? [] : now).map((index) => {
        const cue = film.cues[index]
        const place = cue.position || 2
        const line = document.createElement('div')
        line.className = ['bottom', 'middle', 'top'][Math.floor((place - 1) / 3)] + ' ' + ['left', '', 'right'][(place - 1) % 3]
        line.lang = data.language
        line.dir = 'auto'
        line.append(nodesOf(cue.text))
        return line
      }),
    )
    mark(now.length ? now[0] : -1)
  }

  // --- the list ----------------------------------------------------------------------------------

  function listLines() {
    current = -1
    $('lines').hidden = !film.cues.length
    $('lines').lastChild.replaceChildren(
      ...film.cues.map((cue) => {
        const item = document.createElement('li')
        const button = document.createElement('button')
        const time = document.createElement('span')
        const text = document.createElement('span')
        time.textContent = clock(cue.start)
        text.textContent = cue.text.replace(TAG, '')
        text.lang = data.language
        text.dir = 'auto'
        button.type = 'button'
        button.append(time, text)
        button.onclick = () => go(cue.start)
        item.append(button)
        return item
      }),
    )
  }

  function mark(index) {
    const items = $('lines').lastChild.children
    if (index === current) return
    if (items[current]) items[current].removeAttribute('aria-current')
    current = index
    if (!items[index]) return
    items[index].setAttribute('aria-current', 'true')
    const list = $('lines').lastChild
    const item = items[index]
    if (!list.contains(document.activeElement)) list.scrollTop = item.offsetTop - list.offsetTop - list.clientHeight / 3
  }

  /** The line before or after this place. */
  function step(by) {
    const now = video.currentTime
    const starts = film.cues.map((cue) => cue.start)
    const there = by > 0 ? starts.find((start) => start > now + 0.05) : starts.filter((start) => start < now - 0.7).pop()
    if (there !== undefined) go(there)
  }

  // --- playing -----------------------------------------------------------------------------------

  const clock = (seconds) => {
    const whole = Math.floor(seconds || 0)
    const two = (n) => String(n).padStart(2, '0')
    const hours = Math.floor(whole / 3600)
    return (hours ? hours + ':' + two(Math.floor(whole / 60) % 60) : String(Math.floor(whole / 60))) + ':' + two(whole % 60)
  }

  // A cue begins on a frame: a hair later is inside it, whichever way the browser rounds.
  const go = (time) => { video.currentTime = Math.max(0, Math.min(time + 0.001, video.duration || time)) }
  const toggle = () => (video.paused ? video.play().catch(() => {}) : video.pause())

  function showPlaying() {
    $('play').textContent = video.paused ? words.play : words.pause
    $('start').hidden = !video.paused
  }

  function showPlace() {
    $('now').textContent = clock(video.currentTime)
    $('seek').value = video.currentTime
    $('seek').setAttribute('aria-valuetext', clock(video.currentTime))
  }

  function fullScreen() {
    if (document.fullscreenElement) document.exitFullscreen()
    else if ($('theatre').requestFullscreen) $('theatre').requestFullscreen()
    else if (video.webkitEnterFullscreen) video.webkitEnterFullscreen()
  }

  function switchText() {
    if (film.drawn) return
    textOn = !textOn
    remembered.set('text', textOn ? 'on' : 'off')
    $('text').setAttribute('aria-pressed', String(textOn))
    drawText()
  }

  function resize(by) {
    size = Math.min(2, Math.max(0.6, Math.round((size + by) * 10) / 10))
    remembered.set('size', size)
    $('subtitles').style.setProperty('--size', size)
  }

  video.onplay = video.onpause = video.onended = showPlaying
  video.ontimeupdate = showPlace
  video.onseeked = () => { showPlace(); if (!everyFrame) drawText() }
  // Where the browser tells each frame as it shows it, a line comes and goes with its frame.
  const everyFrame = 'requestVideoFrameCallback' in video
  function onFrame(_, shown) {
    drawText(shown.mediaTime)
    video.requestVideoFrameCallback(onFrame)
  }
  if (everyFrame) video.requestVideoFrameCallback(onFrame)
  video.onloadedmetadata = () => {
    $('seek').max = video.duration
    $('length').textContent = clock(video.duration)
    showPlace()
  }
  video.onerror = () => {
    $('problem').textContent = words.problem.replace('{file}', film.file)
    $('problem').hidden = false
  }
  video.onclick = $('play').onclick = $('start').onclick = toggle
  // A phone's own full screen shows the film alone: there the browser draws the lines.
  video.addEventListener('webkitbeginfullscreen', () => { if (track && textOn && !film.drawn) track.mode = 'showing' })
  video.addEventListener('webkitendfullscreen', () => { if (track) track.mode = 'hidden' })
  $('seek').oninput = () => { video.currentTime = Number($('seek').value) }
  $('back').onclick = () => go(video.currentTime - 10)
  $('forth').onclick = () => go(video.currentTime + 10)
  $('text').onclick = switchText
  $('smaller').onclick = () => resize(-0.2)
  $('larger').onclick = () => resize(0.2)
  $('speed').onchange = () => { video.playbackRate = Number($('speed').value) }
  $('volume').oninput = () => { video.volume = Number($('volume').value) }
  $('full').onclick = fullScreen
  $('theme').onclick = () => light(isDark() ? 'light' : 'dark')

  const keys = {
    Space: toggle,
    KeyK: toggle,
    ArrowLeft: () => go(video.currentTime - 5),
    ArrowRight: () => go(video.currentTime + 5),
    ArrowUp: () => step(-1),
    ArrowDown: () => step(1),
    KeyC: switchText,
    KeyF: fullScreen,
    KeyM: () => { video.muted = !video.muted },
    Minus: () => resize(-0.2),
    Equal: () => resize(0.2),
    Home: () => go(0),
  }
  document.addEventListener('keydown', (event) => {
    const on = event.target.tagName
    if (event.ctrlKey || event.altKey || event.metaKey || on === 'SELECT' || on === 'INPUT') return
    if (on === 'BUTTON' && (event.code === 'Space' || event.code === 'Enter')) return
    if (!keys[event.code]) return
    event.preventDefault()
    keys[event.code]()
  })

  // --- begin -------------------------------------------------------------------------------------

  for (const language in data.words) {
    const button = document.createElement('button')
    button.type = 'button'
    button.lang = language
    button.textContent = data.words[language].name
    button.onclick = () => speak(language)
    $('languages').append(button)
  }
  for (const which of data.films) {
    const button = document.createElement('button')
    button.type = 'button'
    button.onclick = () => open(which)
    $('films').append(button)
  }
  $('films').hidden = data.films.length < 2
  $('text').setAttribute('aria-pressed', String(textOn))
  light(remembered.get('theme'))
  resize(0)
  const wished = [remembered.get('language'), ...(navigator.languages || []).map((tag) => tag.slice(0, 2)), 'tk']
  speak(wished.find((language) => language && data.words[language]))
  open(film)
})()
