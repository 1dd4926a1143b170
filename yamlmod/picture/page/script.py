"""The script of an HTML file: move, zoom, hover, open folded layers, switch views, keys."""

from __future__ import annotations

SCRIPT = """\
'use strict';
(() => {
  const stage = document.getElementById('stage'), tip = document.getElementById('tip');
  const data = JSON.parse(document.getElementById('layers').textContent);
  const views = [...stage.querySelectorAll(':scope > svg')];
  const buttons = [...document.querySelectorAll('button[data-view]')];
  const dialog = document.querySelector('dialog');
  let view = views[0], x = 0, y = 0, zoom = 1, chosen = null;
  const place = () => { view.style.transform = `translate(${x}px,${y}px) scale(${zoom})`; };
  const size = () => view.viewBox.baseVal;
  const fit = () => {
    const box = stage.getBoundingClientRect(), { width, height } = size();
    zoom = Math.min(box.width / width, box.height / height, 1.5) * 0.98;
    x = (box.width - width * zoom) / 2; y = (box.height - height * zoom) / 2; place();
  };
  const zoomAt = (factor, px, py) => {
    const next = Math.min(Math.max(zoom * factor, 0.05), 12);
    x = px - (px - x) * next / zoom; y = py - (py - y) * next / zoom; zoom = next; place();
  };
  const middle = () => {
    const b = stage.getBoundingClientRect();
    return [b.width / 2, b.height / 2];
  };
  const show = (name) => {
    const next = views.find((svg) => svg.dataset.view === name);
    if (!next) return;
    mark(null); view = next;
    views.forEach((svg) => { svg.toggleAttribute('hidden', svg !== next); });
    buttons.forEach((b) => b.setAttribute('aria-pressed', String(b.dataset.view === name)));
    fit();
  };
  const side = () => view.dataset.view === 'before' ? 'before' : 'now';
  const entry = (element) => {
    const old = element.dataset.change === 'removed' || element.classList.contains('ghost');
    const key = (old || side() === 'before' ? 'b' : '') + element.dataset.layer;
    return data[key] || null;
  };
  const rows = [...document.querySelectorAll('tbody tr')];
  const mark = (element) => {
    document.querySelectorAll('.on').forEach((e) => e.classList.remove('on'));
    views.forEach((svg) => svg.classList.remove('dim'));
    tip.hidden = true;
    if (!element) { chosen = null; return; }
    element.classList.add('on');
    const group = element.classList.contains('group');
    const old = element.dataset.change === 'removed' || element.classList.contains('ghost');
    const numbers = group
      ? [...element.querySelectorAll('.layer')].map((e) => e.dataset.layer)
      : [element.dataset.layer];
    const svg = element.ownerSVGElement;
    if (!svg) return;
    svg.classList.add('dim');
    svg.querySelectorAll('.edge').forEach((edge) => {
      const gone = edge.dataset.change === 'removed' && svg.dataset.view !== 'before';
      if (gone !== old && gone) return;
      if (numbers.includes(edge.dataset.from) || numbers.includes(edge.dataset.to))
        edge.classList.add('on');
    });
    if (group) return;
    const fact = entry(element);
    if (fact) rows.filter((r) => r.dataset.key === fact.key).forEach((r) => r.classList.add('on'));
  };
  const describe = (element, px, py) => {
    const fact = element.classList.contains('group') ? null : entry(element);
    const title = element.querySelector(':scope > title');
    tip.textContent = fact ? fact.text : title ? title.textContent : '';
    tip.hidden = !tip.textContent;
    const box = stage.getBoundingClientRect();
    const left = Math.min(px - box.left + 14, box.width - tip.offsetWidth - 6);
    tip.style.left = `${Math.max(left, 2)}px`;
    const top = Math.min(py - box.top + 14, box.height - tip.offsetHeight - 6);
    tip.style.top = `${Math.max(top, 2)}px`;
  };
  const target = (event) => event.target.closest && event.target.closest('.layer, .group');
  const open = (group) => {
    const inset = document.getElementById(`inset-${group.dataset.layers}`);
    if (!inset) return;
    const body = dialog.querySelector('div');
    body.replaceChildren(inset.content.cloneNode(true));
    dialog.showModal();
  };
  let from = null, moved = false;
  stage.addEventListener('pointerdown', (e) => {
    from = [e.clientX - x, e.clientY - y];
    moved = false;
  });
  window.addEventListener('pointermove', (e) => {
    if (!from || !e.buttons) { from = null; return; }
    const next = [e.clientX - from[0], e.clientY - from[1]];
    if (Math.abs(next[0] - x) + Math.abs(next[1] - y) > 3) moved = true;
    [x, y] = next; stage.classList.add('moving'); place();
  });
  window.addEventListener('pointerup', () => { from = null; stage.classList.remove('moving'); });
  stage.addEventListener('wheel', (e) => {
    e.preventDefault();
    const box = stage.getBoundingClientRect();
    zoomAt(Math.exp(-e.deltaY / 400), e.clientX - box.left, e.clientY - box.top);
  }, { passive: false });
  stage.addEventListener('mouseover', (e) => {
    const element = target(e);
    if (!element) { if (!chosen) mark(null); tip.hidden = true; return; }
    if (!chosen) mark(element);
    describe(element, e.clientX, e.clientY);
  });
  stage.addEventListener('mouseleave', () => { tip.hidden = true; if (!chosen) mark(null); });
  stage.addEventListener('click', (e) => {
    if (moved) return;
    const element = target(e), group = e.target.closest('.group');
    if (group) { open(group); return; }
    if (!element || element === chosen) { mark(null); return; }
    mark(element); chosen = element;
  });
  views.forEach((svg) => {
    // The titles are what is read aloud; the page shows its own tip.
    svg.querySelectorAll('.layer, .group').forEach((element) => {
      if (element.parentNode.closest('.group')) return;
      element.setAttribute('tabindex', '0');
      element.setAttribute('role', 'button');
      const title = element.querySelector(':scope > title');
      if (title) element.setAttribute('aria-label', title.textContent);
      element.addEventListener('focus', () => {
        mark(element);
        const b = element.getBoundingClientRect();
        describe(element, b.right, b.top);
      });
      element.addEventListener('blur', () => mark(null));
    });
  });
  rows.forEach((row) => row.addEventListener('click', () => {
    const old = row.dataset.key.startsWith('b');
    const number = old ? row.dataset.key.slice(1) : row.dataset.key;
    const layer = [...view.querySelectorAll('.layer')].find((e) => e.dataset.layer === number
      && (e.dataset.change === 'removed' || e.classList.contains('ghost')) === old);
    if (!layer) return;
    mark(layer); chosen = layer;
    const box = stage.getBoundingClientRect(), b = layer.getBoundingClientRect();
    x += box.left + box.width / 2 - (b.left + b.width / 2);
    y += box.top + box.height / 2 - (b.top + b.height / 2); place();
  }));
  buttons.forEach((b) => b.addEventListener('click', () => show(b.dataset.view)));
  const act = { in: () => zoomAt(1.25, ...middle()), out: () => zoomAt(0.8, ...middle()), fit };
  document.querySelectorAll('button[data-act]').forEach((b) =>
    b.addEventListener('click', () => act[b.dataset.act]()));
  document.getElementById('close').addEventListener('click', () => dialog.close());
  const toggle = (a, b) => show(view.dataset.view === a ? b : a);
  window.addEventListener('keydown', (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || dialog.open) return;
    const step = 60, key = e.key;
    if (key === '+' || key === '=') act.in();
    else if (key === '-') act.out();
    else if (key === '0') fit();
    else if (key === 'ArrowLeft') { x += step; place(); }
    else if (key === 'ArrowRight') { x -= step; place(); }
    else if (key === 'ArrowUp') { y += step; place(); }
    else if (key === 'ArrowDown') { y -= step; place(); }
    else if (key === 'u' || key === 'U') toggle('open', 'main');
    else if (key === 'b' || key === 'B') toggle('before', 'after');
    else if (key === 'Escape') mark(null);
    else if (key === 'Enter' && document.activeElement.classList.contains('group'))
      open(document.activeElement);
    else return;
    e.preventDefault();
  });
  window.addEventListener('resize', fit);
  window.addEventListener('beforeprint', () => views.forEach((v) => { v.style.transform = ''; }));
  window.addEventListener('afterprint', fit);
  fit();
})();
"""
