// The caller's token lives as long as the browser tab: in session storage, never in local storage and never in an address.
const KEY = 'headcount:token';

/**
 * The token of this tab, or an empty string.
 *
 * A link may carry one behind `#token=` (the browser never sends that part to a server). It is taken over only where the tab
 * has none yet, so that no link can replace the token somebody works with, and it leaves the address bar at once.
 */
export function rememberedToken() {
  const offered = new URLSearchParams(location.hash.slice(1)).get('token');
  if (offered !== null) {
    history.replaceState(null, '', location.pathname + location.search);
    if (!sessionStorage.getItem(KEY)) rememberToken(offered);
  }
  return sessionStorage.getItem(KEY) ?? '';
}

/** Keeps `token` for this tab; an empty one is forgotten. */
export function rememberToken(token) {
  if (token) sessionStorage.setItem(KEY, token);
  else sessionStorage.removeItem(KEY);
}
