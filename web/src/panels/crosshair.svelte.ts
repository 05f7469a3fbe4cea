/** The instant under the pointer, shared by all charts of the page. */
export const crosshair = $state<{ instant: number | null; owner: symbol | null }>({
  instant: null,
  owner: null,
});
