/** No board draws more (W): those of today draw up to 1,400. A driver that says so says nothing. */
export const MOST_GPU_W = 3000;

/** No host has more: the largest of today have 16. More would be names that keep changing, and fill the memory. */
export const MOST_GPUS = 128;
