package io.github.qcow4j.qcow2.inspect;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** One layer of a chain that was gone down header by header. */
public sealed interface SurveyedLayer {

  /**
   * A layer that could be looked at.
   *
   * @param summary what it says of itself
   * @param dataFile its external data file, or null when it has none
   */
  record Present(ImageSummary summary, @Nullable DataFile dataFile) implements SurveyedLayer {}

  /**
   * A layer that could not: it is missing, denied, damaged, in use, or the chain is too long or
   * loops. Nothing is known of what would follow.
   *
   * @param name its name: the file's, or what the image above it has stored when that is no file's
   * @param failure why
   */
  record Absent(String name, IOException failure) implements SurveyedLayer {}

  /**
   * The external data file of a layer. It is not opened.
   *
   * @param name its name: the file's, or what the image has stored
   * @param sizeBytes its length, 0 when unknown
   * @param allocatedBytes storage allocated to it, 0 when unknown
   * @param failure why nothing is known of it, or null
   */
  record DataFile(String name, long sizeBytes, long allocatedBytes, @Nullable IOException failure) {

    static DataFile present(Path path, long sizeBytes, long allocatedBytes) {
      return new DataFile(path.toString(), sizeBytes, allocatedBytes, null);
    }

    static DataFile absent(String name, IOException failure) {
      return new DataFile(name, 0, 0, failure);
    }
  }
}
