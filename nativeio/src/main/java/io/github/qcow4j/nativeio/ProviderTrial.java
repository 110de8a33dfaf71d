package io.github.qcow4j.nativeio;

import org.jspecify.annotations.Nullable;

/**
 * How a provider fares in this process.
 *
 * @param name {@code panama}, {@code jnr} or {@code portable}
 * @param refusal why it does not work here, in one line, or null when it does
 */
public record ProviderTrial(String name, @Nullable String refusal) {}
