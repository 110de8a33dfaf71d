package io.github.qcow4j.qcow2.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.CopyResult;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.ProviderInfo.Capability;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.commit.Commit;
import io.github.qcow4j.qcow2.commit.CommitOptions;
import io.github.qcow4j.qcow2.convert.Conversion;
import io.github.qcow4j.qcow2.convert.ConvertOptions;
import io.github.qcow4j.qcow2.convert.ConvertTarget;
import io.github.qcow4j.qcow2.convert.Qcow2Targets;
import io.github.qcow4j.qcow2.convert.RawTargets;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.rebase.Rebase;
import io.github.qcow4j.qcow2.rebase.RebaseOptions;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Sharing, or copying by the kernel, that stops working in the middle of a job: the rest comes in
 * the next way, and the disk is the same. A failing disk fails the job.
 */
final class OffloadFailureTest {

  private static final int MIB = 1 << 20;
  private static final int DISK_BYTES = 12 * MIB;
  private static final Path BASE = Path.of("/base.qcow2");
  private static final Path TOP = Path.of("/top.qcow2");
  private static final Path TARGET = Path.of("/target");
  private static final ImageOptions QCOW2 = ImageOptions.of(ImageFormat.QCOW2);
  private static final byte[] CONTENT = Workbench.randomBytes(DISK_BYTES, 51);

  /** How each job goes about it; the disk is in {@link #result} afterwards. */
  private enum Job {
    TO_RAW(TARGET, ImageFormat.RAW) {
      @Override
      CopyResult run(SimulatedVolume volume) throws IOException {
        return convert(volume, RawTargets.create(volume, TARGET, DISK_BYTES));
      }
    },
    TO_QCOW2(TARGET, ImageFormat.QCOW2) {
      @Override
      CopyResult run(SimulatedVolume volume) throws IOException {
        ImageSpec spec = ImageSpec.ofSize(DISK_BYTES);
        return convert(
            volume, Qcow2Targets.create(volume, TARGET, spec, null, Qcow2Targets.Storage.PLAIN));
      }
    },
    COMMIT(BASE, ImageFormat.QCOW2) {
      @Override
      CopyResult run(SimulatedVolume volume) throws IOException {
        return Commit.run(
                volume,
                TOP,
                ReferencePolicy.sameDirectory(),
                QCOW2,
                CommitOptions.DEFAULT,
                new JobControl())
            .data();
      }
    },
    FLATTEN(TOP, ImageFormat.QCOW2) {
      @Override
      CopyResult run(SimulatedVolume volume) throws IOException {
        RebaseOptions offloading = new RebaseOptions(2, false, true, false, true);
        return Rebase.run(
                volume,
                TOP,
                ReferencePolicy.sameDirectory(),
                QCOW2,
                null,
                offloading,
                new JobControl())
            .data();
      }
    };

    private final Path result;
    private final ImageFormat format;

    Job(Path result, ImageFormat format) {
      this.result = result;
      this.format = format;
    }

    abstract CopyResult run(SimulatedVolume volume) throws IOException;

    byte[] disk(SimulatedVolume volume) throws IOException {
      byte[] bytes = new byte[DISK_BYTES];
      try (DiskImage disk =
          DiskImages.open(
              volume, result, ReferencePolicy.sameDirectory(), ImageOptions.of(format))) {
        disk.read(0, ByteBuffer.wrap(bytes));
      }
      return bytes;
    }
  }

  private static CopyResult convert(SimulatedVolume volume, ConvertTarget target)
      throws IOException {
    try (target;
        DiskImage disk = DiskImages.open(volume, TOP, ReferencePolicy.sameDirectory(), QCOW2)) {
      return Conversion.run(
              List.of(disk),
              target,
              new ConvertOptions(2, 4096, false, 0, true),
              new JobControl(),
              (offset, length, cause) -> {})
          .copied();
    }
  }

  /** A base that holds the second half of the disk, and an overlay with the first. */
  private static SimulatedVolume chain(SimulatedVolume.Options options) throws IOException {
    SimulatedVolume volume = SimulatedVolume.create(options);
    ImageCreation.create(volume, BASE, ImageSpec.ofSize(DISK_BYTES));
    ImageCreation.create(
        volume, TOP, ImageSpec.ofSize(DISK_BYTES).withBacking(BASE.toString(), "qcow2"));
    write(volume, BASE, DISK_BYTES / 2);
    write(volume, TOP, 0);
    return volume;
  }

  private static void write(SimulatedVolume volume, Path path, int from) throws IOException {
    try (DiskImage disk =
        DiskImages.open(volume, path, ReferencePolicy.sameDirectory(), QCOW2.withWriting())) {
      disk.write(from, ByteBuffer.wrap(CONTENT, from, DISK_BYTES / 2));
    }
  }

  static List<Arguments> refusals() {
    List<Arguments> all = new ArrayList<>();
    for (Job job : Job.values()) {
      for (String call : List.of("ioctl", "copy_file_range")) {
        for (Errno errno : List.of(Errno.EOPNOTSUPP, Errno.EXDEV, Errno.EINVAL, Errno.ENOSPC)) {
          for (int nth = 1; nth <= 3; nth++) {
            all.add(Arguments.of(job, call, errno, nth));
          }
        }
      }
    }
    return all;
  }

  private static SimulatedVolume.Options disk(String call) {
    SimulatedVolume.Options options = SimulatedVolume.Options.standard();
    return call.equals("ioctl") ? options : options.without(Capability.CLONE_RANGE);
  }

  @ParameterizedTest
  @MethodSource("refusals")
  void whatIsRefusedFromSomeCallOnComesInAnotherWay(Job job, String call, Errno errno, int nth)
      throws IOException {
    SimulatedVolume volume = chain(disk(call));
    volume.faults().only(call).failFrom(nth, errno);

    CopyResult result = job.run(volume);
    final boolean happened = volume.faults().happened();
    final long calls = volume.faults().calls();
    volume.faults().none();

    assertThat(job.disk(volume)).isEqualTo(CONTENT);
    volume.assertNothingOpen();
    long moved = job == Job.COMMIT || job == Job.FLATTEN ? DISK_BYTES / 2 : DISK_BYTES;
    assertThat(result.totalBytes()).isEqualTo(moved);
    if (call.equals("ioctl")) {
      assertThat(result.userCopyBytes()).isZero();
      assertThat(result.kernelCopyBytes() > 0).isEqualTo(happened);
    } else {
      assertThat(result.reflinkBytes()).isZero();
      assertThat(result.userCopyBytes() > 0).isEqualTo(happened);
      // Once for each of two files and threads that were under way; not for each piece.
      assertThat(calls).isLessThanOrEqualTo(nth + 4);
    }
    assertThat(nth > 1 || happened).isTrue();
  }

  static List<Arguments> failures() {
    List<Arguments> all = new ArrayList<>();
    for (Job job : Job.values()) {
      for (String call : List.of("ioctl", "copy_file_range")) {
        all.add(Arguments.of(job, call, 1));
        all.add(Arguments.of(job, call, 2));
      }
    }
    return all;
  }

  @ParameterizedTest
  @MethodSource("failures")
  void anInputOutputErrorFailsTheJob(Job job, String call, int nth) throws IOException {
    SimulatedVolume volume = chain(disk(call));
    volume.faults().only(call).failCall(nth, Errno.EIO);

    assertThatThrownBy(() -> job.run(volume))
        .isInstanceOf(IOException.class)
        .hasStackTraceContaining("Input/output error");
    assertThat(volume.faults().happened()).isTrue();
    volume.assertNothingOpen();
  }
}
