package io.github.qcow4j.qcow2.chain;

import io.github.qcow4j.qcow2.error.ReferenceTrail;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A file that an image names in its header.
 *
 * @param role whether it is the backing file or the external data file
 * @param namingImage the image that names it
 * @param storedName the name as it stands in the header
 * @param resolved the plain local file that the name stands for
 * @param storedFormat the format that the header states for it, or null when it states none
 */
public record Reference(
    ReferenceTrail.Role role,
    Path namingImage,
    String storedName,
    Path resolved,
    @Nullable String storedFormat) {}
