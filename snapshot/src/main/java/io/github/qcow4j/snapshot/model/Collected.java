package io.github.qcow4j.snapshot.model;

import org.jspecify.annotations.Nullable;

/**
 * One thing that a collection has looked at for removal.
 *
 * @param kind {@code intent}, {@code orphan}, {@code layer} or {@code snapshot}
 * @param name which
 * @param bytes storage that it takes
 * @param reason why it goes
 * @param removed whether it is gone
 * @param hindrance why it is not, or null when it is, or is only to be said
 */
public record Collected(
    String kind,
    String name,
    long bytes,
    String reason,
    boolean removed,
    @Nullable String hindrance) {}
