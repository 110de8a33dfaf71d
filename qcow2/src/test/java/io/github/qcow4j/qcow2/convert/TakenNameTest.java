package io.github.qcow4j.qcow2.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.SystemCallException;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.TappedVolume;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.create.Preallocation;
import io.github.qcow4j.qcow2.create.RawCreation;
import io.github.qcow4j.qcow2.error.ImageInUseException;
import io.github.qcow4j.qcow2.header.CompressionType;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.testing.HeldImage;
import io.github.qcow4j.qcow2.testing.QemuTools;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What another program puts under a name while a job makes a file for it is never replaced. */
class TakenNameTest {

  private static final int SIZE = 1 << 20;
  private static final byte[] OTHERS = "another's".getBytes(StandardCharsets.UTF_8);

  @TempDir private Path directory;
  private Path source;
  private Path target;

  /** Everything that makes a file under a new name. */
  private enum Job {
    CREATE_RAW {
      @Override
      void run(Volume volume, Path source, Path target) throws IOException {
        RawCreation.create(volume, target, SIZE, Preallocation.OFF, new JobControl());
      }
    },
    CREATE_QCOW2 {
      @Override
      void run(Volume volume, Path source, Path target) throws IOException {
        ImageCreation.create(volume, target, ImageSpec.ofSize(SIZE));
      }
    },
    CONVERT_TO_RAW {
      @Override
      void run(Volume volume, Path source, Path target) throws IOException {
        convert(volume, source, RawTargets.create(volume, target, SIZE));
      }
    },
    CONVERT_TO_QCOW2 {
      @Override
      void run(Volume volume, Path source, Path target) throws IOException {
        convert(volume, source, qcow2(volume, target));
      }
    };

    abstract void run(Volume volume, Path source, Path target) throws IOException;
  }

  /** The steps at which a name may be taken: each comes before the name is the new file's. */
  private static final Set<String> LAST_STEPS = Set.of("linkUnnamed", "rename");

  private record Moment(Volume volume, Job job, boolean atTheLast) {
    @Override
    public String toString() {
      return job + " by " + volume.provider().name() + (atTheLast ? ", at the last moment" : "");
    }
  }

  static List<Moment> moments() {
    List<Moment> moments = new ArrayList<>();
    for (Volume volume : Volumes.providers()) {
      for (Job job : Job.values()) {
        moments.add(new Moment(volume, job, false));
        moments.add(new Moment(volume, job, true));
      }
    }
    return moments;
  }

  static List<Moment> jobs() {
    return moments().stream().filter(moment -> !moment.atTheLast()).toList();
  }

  @BeforeEach
  void prepare() throws IOException {
    source = directory.resolve("source");
    target = Files.createDirectory(directory.resolve("targets")).resolve("disk");
    byte[] content = new byte[SIZE];
    Arrays.fill(content, 1000, 70_000, (byte) 7);
    Files.write(source, content);
  }

  private static ConvertTarget qcow2(Volume volume, Path target) throws IOException {
    return Qcow2Targets.create(
        volume, target, ImageSpec.ofSize(SIZE), null, Qcow2Targets.Storage.PLAIN);
  }

  private static void convert(Volume volume, Path source, ConvertTarget target) throws IOException {
    try (target;
        DiskImage disk =
            DiskImages.open(
                volume, source, ReferencePolicy.deny(), ImageOptions.of(ImageFormat.RAW))) {
      Conversion.run(
          List.of(disk),
          target,
          ConvertOptions.DEFAULT,
          new JobControl(),
          (offset, length, cause) -> {});
    }
  }

  /** A volume on which something happens once, when the file is complete or about to be named. */
  private static Volume meanwhile(Volume volume, boolean atTheLast, Meanwhile action) {
    boolean[] done = {false};
    TappedVolume tapped =
        new TappedVolume(
            volume,
            call -> {
              boolean now = atTheLast ? LAST_STEPS.contains(call.name()) : call.is("syncAll");
              if (now && !done[0]) {
                done[0] = true;
                action.run();
              }
            });
    return tapped.volume();
  }

  private interface Meanwhile {
    void run() throws IOException;
  }

  private void assertOnlyOthers() throws IOException {
    assertThat(target).hasBinaryContent(OTHERS);
    assertThat(names()).containsExactly("disk");
  }

  private List<String> names() throws IOException {
    return Volumes.host().list(target.getParent());
  }

  @ParameterizedTest
  @MethodSource("moments")
  void whatAppearsWhereNothingStoodStays(Moment moment) throws IOException {
    Volume volume =
        meanwhile(moment.volume(), moment.atTheLast(), () -> Files.write(target, OTHERS));

    assertThatThrownBy(() -> moment.job().run(volume, source, target))
        .isInstanceOfSatisfying(
            FileAlreadyExistsException.class,
            e -> assertThat(e.getReason()).contains("Another program has made a file"));

    assertOnlyOthers();
  }

  @ParameterizedTest
  @MethodSource("jobs")
  void whatTookThePlaceOfTheOldFileStays(Moment moment) throws IOException {
    Files.write(target, new byte[10]);
    Path other = Files.write(directory.resolve("other"), OTHERS);
    Volume volume =
        meanwhile(
            moment.volume(),
            false,
            () -> Files.move(other, target, StandardCopyOption.REPLACE_EXISTING));

    assertThatThrownBy(() -> moment.job().run(volume, source, target))
        .isInstanceOfSatisfying(
            SystemCallException.class, e -> assertThat(e.errno()).isEqualTo(Errno.ESTALE.number()))
        .hasMessageContaining("Another program has put another file in its place");

    assertOnlyOthers();
  }

  /** Even when its temporary name has been made, and nothing but the rename is to come. */
  @ParameterizedTest
  @EnumSource(Job.class)
  void whatTakesThePlaceWhenTheTemporaryNameIsMadeStaysToo(Job job) throws IOException {
    Files.write(target, new byte[10]);
    Path other = Files.write(directory.resolve("other"), OTHERS);
    Volume volume =
        meanwhile(
            Volumes.host(),
            true,
            () -> Files.move(other, target, StandardCopyOption.REPLACE_EXISTING));

    assertThatThrownBy(() -> job.run(volume, source, target))
        .isInstanceOf(SystemCallException.class);

    assertOnlyOthers();
  }

  @ParameterizedTest
  @MethodSource("jobs")
  void anOldFileThatWasRemovedMeanwhileLeavesTheNameFree(Moment moment) throws IOException {
    Files.write(target, new byte[10]);

    moment.job().run(meanwhile(moment.volume(), false, () -> Files.delete(target)), source, target);

    assertThat(Files.size(target)).isGreaterThan(10);
    assertThat(names()).containsExactly("disk");
  }

  /** Any code of the process that closes the file drops all of its locks (fcntl(2)). */
  @ParameterizedTest
  @EnumSource(Job.class)
  void anOldFileThatCameIntoUseMeanwhileStays(Job job) throws IOException {
    QemuTools.require();
    Files.write(target, OTHERS);
    List<HeldImage> held = new ArrayList<>();
    Volume portable =
        Volumes.providers().stream()
            .filter(volume -> volume.provider().name().equals("portable"))
            .findAny()
            .orElseThrow();
    Volume volume =
        meanwhile(
            portable,
            false,
            () -> {
              FileChannel.open(target).close();
              held.add(HeldImage.open(target, "raw"));
            });

    Throwable refusal = catchThrowable(() -> job.run(volume, source, target));

    held.forEach(HeldImage::close);
    assertThat(refusal).isInstanceOf(ImageInUseException.class);
    assertOnlyOthers();
  }

  @ParameterizedTest
  @MethodSource("jobs")
  void ofTwoForOneNewNameOneSucceeds(Moment moment) throws IOException {
    Volume volume =
        meanwhile(moment.volume(), false, () -> moment.job().run(moment.volume(), source, target));

    assertThatThrownBy(() -> moment.job().run(volume, source, target))
        .isInstanceOf(FileAlreadyExistsException.class);

    assertThat(names()).containsExactly("disk");
  }

  @ParameterizedTest
  @EnumSource(Job.class)
  void aLinkThatAppearsIsNotFollowed(Job job) throws IOException {
    Path other = Files.write(directory.resolve("other"), OTHERS);
    Volume volume = meanwhile(Volumes.host(), false, () -> Files.createSymbolicLink(target, other));

    assertThatThrownBy(() -> job.run(volume, source, target))
        .isInstanceOf(FileAlreadyExistsException.class);

    assertThat(other).hasBinaryContent(OTHERS);
    assertThat(target).isSymbolicLink();
  }

  /** The data file would be the first of the two to take its name. */
  @Test
  void aDataFileIsNotMadeForAnImageWhoseNameIsTaken() throws IOException {
    Path dataFile = target.resolveSibling("data");
    ImageSpec spec =
        new ImageSpec(
            SIZE,
            3,
            16,
            4,
            CompressionType.ZLIB,
            false,
            false,
            null,
            null,
            Preallocation.OFF,
            new ImageSpec.DataFile(dataFile.toString(), false));
    boolean[] done = {false};
    TappedVolume tapped =
        new TappedVolume(
            Volumes.host(),
            call -> {
              if (call.is("write") && !done[0]) {
                done[0] = true;
                Files.write(target, OTHERS);
              }
            });

    assertThatThrownBy(() -> ImageCreation.create(tapped.volume(), target, spec))
        .isInstanceOf(FileAlreadyExistsException.class);

    assertOnlyOthers();
  }

  /** The same on a disk without files that have no name, and at every call of the whole job. */
  @ParameterizedTest
  @EnumSource(Job.class)
  void atWhicheverCallItAppearsItStays(Job job) throws IOException {
    Path simulatedSource = Path.of("/source");
    Path simulatedTarget = Path.of("/disk");
    for (int nth = 0; ; nth++) {
      SimulatedVolume volume = SimulatedVolume.create();
      write(volume, simulatedSource, new byte[SIZE]);
      int at = nth;
      int[] calls = {0};
      boolean[] made = {false};
      TappedVolume tapped =
          new TappedVolume(
              volume,
              call -> {
                if (calls[0]++ == at && !volume.exists(simulatedTarget)) {
                  made[0] = true;
                  write(volume, simulatedTarget, OTHERS);
                }
              });
      Throwable failure =
          catchThrowable(() -> job.run(tapped.volume(), simulatedSource, simulatedTarget));
      if (!made[0]) {
        // The job's own file was there by then: no call is left before that.
        assertThat(failure).isNull();
        assertThat(nth).isGreaterThan(3);
        return;
      }
      assertThat(failure == null || failure instanceof FileAlreadyExistsException)
          .as("at call %d: %s", nth, failure)
          .isTrue();
      if (failure != null) {
        try (BlockFile file = volume.open(simulatedTarget, OpenOptions.reading())) {
          assertThat(file.size()).as("at call %d", nth).isEqualTo(OTHERS.length);
        }
      }
    }
  }

  private static void write(Volume volume, Path path, byte[] bytes) throws IOException {
    try (BlockFile file = volume.open(path, OpenOptions.creatingNew())) {
      file.write(ByteBuffer.wrap(bytes), 0);
    }
  }
}
