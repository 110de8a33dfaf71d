package io.github.qcow4j.snapshot.intake;

import io.github.qcow4j.nativeio.Volume;
import java.nio.file.Path;

/**
 * Where files wait until they are known to be sound.
 *
 * @param volume where names are looked up
 * @param directory an existing directory, for this one intake alone; the caller's, who clears it
 *     after a crash
 */
public record Staging(Volume volume, Path directory) {}
