/** The API's types, as the server describes them. */
import type { components } from './schema';

export type Described = components['schemas'];

/** A described type in which some fields are known better: words that it calls texts. */
export type With<T, Better> = Omit<T, keyof Better> & Better;
