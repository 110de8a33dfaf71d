package io.github.qcow4j.cli.image;

import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.convert.Conversion;
import io.github.qcow4j.qcow2.convert.ConvertOptions;
import io.github.qcow4j.qcow2.convert.ConvertResult;
import io.github.qcow4j.qcow2.convert.ConvertTarget;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.Closeable;
import java.io.IOException;
import java.util.List;

/**
 * Where a conversion goes, opened.
 *
 * @param work the conversion
 * @param opened what to close
 * @param standardOutput whether it goes where results are printed
 */
record Destination(Work work, Closeable opened, boolean standardOutput) implements AutoCloseable {

  /** A conversion that lacks nothing but its sources. */
  @FunctionalInterface
  interface Work {
    ConvertResult run(
        List<DiskImage> sources,
        ConvertOptions options,
        JobControl control,
        Conversion.SalvageListener salvageListener)
        throws IOException;
  }

  /** A target that conversions write to at any offset. */
  static Destination of(ConvertTarget target) {
    return new Destination(
        (sources, options, control, listener) ->
            Conversion.run(sources, target, options, control, listener),
        target,
        false);
  }

  @Override
  public void close() throws IOException {
    opened.close();
  }
}
