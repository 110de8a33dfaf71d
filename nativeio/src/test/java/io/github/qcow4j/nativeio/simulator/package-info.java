/**
 * A disk in memory that can lose power: a {@link io.github.qcow4j.nativeio.Volume} that keeps what
 * was written apart from what is durable, and goes through the states that a power cut may leave.
 * Fails the Nth call, fills up, and tells who left files open. Everything follows from a seed.
 */
@NullMarked
package io.github.qcow4j.nativeio.simulator;

import org.jspecify.annotations.NullMarked;
