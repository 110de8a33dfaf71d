/**
 * What archives and directories that boxes travel in have in common: how they fail, which names
 * they may hold, how their digests are written, and how an export ends.
 */
@NullMarked
package io.github.qcow4j.snapshot.transfer;

import org.jspecify.annotations.NullMarked;
