package io.github.qcow4j.snapshot.directory;

import io.github.qcow4j.nativeio.CopyMethod;
import io.github.qcow4j.nativeio.CopyResult;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What was exported.
 *
 * @param directory the directory
 * @param files the files in it but {@code snapshot.json}
 */
public record DirectoryResult(Path directory, List<ExportedFile> files) {

  public DirectoryResult {
    files = List.copyOf(files);
  }

  /** The costliest way in which data was copied, or null when there was none. */
  public @Nullable CopyMethod method() {
    CopyResult all = CopyResult.NONE;
    for (ExportedFile file : files) {
      all = all.plus(file.copied());
    }
    return all.costliest();
  }

  /**
   * One file.
   *
   * @param name its name
   * @param lengthBytes how long it is
   * @param digest {@code sha256:} and 64 digits, or null where it would have had to be read for
   *     that alone
   * @param copied how its bytes came there
   */
  public record ExportedFile(
      String name, long lengthBytes, @Nullable String digest, CopyResult copied) {}
}
