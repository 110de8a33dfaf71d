package io.github.qcow4j.snapshot.catalogue;

/**
 * What the catalogue knows of a chain as a whole.
 *
 * @param depth how many images have to be read, from the first one down to what the catalogue knows
 * @param leavesHome whether the last of them lies outside the home, and may lie on more
 */
public record ChainOutline(int depth, boolean leavesHome) {}
