package io.github.qcow4j.snapshot.model;

import org.jspecify.annotations.Nullable;

/**
 * A box to be put back.
 *
 * @param box the box's name
 * @param snapshot the snapshot's name
 * @param keep a name for a snapshot of the present state to be made first, or null
 */
public record RestoreRequest(String box, String snapshot, @Nullable String keep) {}
