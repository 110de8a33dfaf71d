package io.github.qcow4j.benchmarks.sidebyside;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.convert.Conversion;
import io.github.qcow4j.qcow2.convert.ConvertOptions;
import io.github.qcow4j.qcow2.convert.ConvertTarget;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;

/**
 * A conversion as the command does it, but into a plain file without sync and rename, as qemu-img
 * leaves its targets. For measuring what durability costs; the product has no such mode.
 */
public final class UnsyncedConversion {

  private UnsyncedConversion() {}

  /**
   * Converts.
   *
   * @param arguments the source's format, the source and the target
   */
  public static void main(String[] arguments) throws IOException {
    Volume volume = Volumes.host();
    ImageFormat format = ImageFormat.byLabel(arguments[0]).orElseThrow();
    try (DiskImage disk =
            DiskImages.open(
                volume, Path.of(arguments[1]), ReferencePolicy.allow(), ImageOptions.of(format));
        BlockFile file = volume.open(Path.of(arguments[2]), OpenOptions.creatingNew())) {
      file.truncate(disk.virtualSize());
      Conversion.run(
          List.of(disk),
          new Unsynced(file),
          ConvertOptions.DEFAULT,
          new JobControl(),
          (offset, length, cause) -> {});
    }
  }

  private record Unsynced(BlockFile file) implements ConvertTarget {

    @Override
    public boolean readsAsZeros() {
      return true;
    }

    @Override
    public boolean inOrder() {
      return false;
    }

    @Override
    public void write(long guestOffset, ByteBuffer data) throws IOException {
      file.write(data, guestOffset);
    }

    @Override
    public void writeZeroes(long guestOffset, long lengthBytes) throws IOException {
      file.writeZeroes(guestOffset, lengthBytes, true);
    }

    @Override
    public void complete() {}

    @Override
    public void close() {}
  }
}
