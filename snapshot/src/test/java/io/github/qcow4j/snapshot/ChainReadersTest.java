package io.github.qcow4j.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.qcow4j.nativeio.RenameMode;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.archive.ArchiveDestination;
import io.github.qcow4j.snapshot.archive.Compression;
import io.github.qcow4j.snapshot.catalogue.Catalogue;
import io.github.qcow4j.snapshot.catalogue.ImageRow;
import io.github.qcow4j.snapshot.catalogue.Images;
import io.github.qcow4j.snapshot.error.InUseException;
import io.github.qcow4j.snapshot.journal.Step;
import io.github.qcow4j.snapshot.layout.HomeLayout;
import io.github.qcow4j.snapshot.lease.Lease;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.CloneRequest;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.DiskSource;
import io.github.qcow4j.snapshot.model.ExportRequest;
import io.github.qcow4j.snapshot.model.RestoreRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Whoever reads an image reads all that lies below it: it stays what it is meanwhile, and whoever
 * would change it is told by whom it is read. The box {@code web} has snapshots {@code s1} to
 * {@code s3}, one on the other, and {@code twin} lies on the last of them.
 */
class ChainReadersTest {

  private static final Volume VOLUME = Volumes.host();
  private static final String COMMAND = "the reader";

  @TempDir Path directory;

  private BoxHome home;

  /** What is done, once, by whoever has just written down what they are about to do. */
  private ThrowingCallable meanwhile = () -> {};

  /** What reads through a chain, and can be met in the midst of it. */
  private enum Reader {
    EXPORT_OF_A_SNAPSHOT {
      @Override
      void read(BoxHome home, Path directory) throws IOException {
        export(home, "web", "s3", directory);
      }
    },
    EXPORT_OF_ANOTHER_BOX {
      @Override
      void read(BoxHome home, Path directory) throws IOException {
        export(home, "twin", null, directory);
      }
    },
    EXPORT_TO_A_DIRECTORY {
      @Override
      void read(BoxHome home, Path directory) throws IOException {
        home.exportDirectory("web", "s3", directory.resolve("exported"), new JobControl());
      }
    },
    CLONE_IN_FULL {
      @Override
      void read(BoxHome home, Path directory) throws IOException {
        home.cloneBox(new CloneRequest("web", "s3", List.of("full"), true), new JobControl());
      }
    },
    CLONE_OF_ANOTHER_BOX_IN_FULL {
      @Override
      void read(BoxHome home, Path directory) throws IOException {
        home.cloneBox(new CloneRequest("twin", null, List.of("full"), true), new JobControl());
      }
    };

    abstract void read(BoxHome home, Path directory) throws IOException;

    private static void export(BoxHome home, String box, String snapshot, Path directory)
        throws IOException {
      home.export(
          new ExportRequest(box, snapshot, Compression.NONE, 0),
          new ArchiveDestination.ToFile(
              VOLUME, directory.resolve("exported"), RenameMode.NO_REPLACE),
          new JobControl());
    }
  }

  @BeforeEach
  void prepare() throws IOException {
    HomeOptions options = HomeOptions.of(directory.resolve("home")).withCommand(COMMAND);
    HomeLayout layout = new HomeLayout(options.directory());
    BoxHome.open(options).close();
    home =
        BoxHome.open(
            options,
            VOLUME,
            layout,
            Catalogue.open(layout.catalogue()),
            new SecureRandom(),
            InstantSource.system(),
            this::step);
    home.create(
        new CreateRequest("web", List.of(new DiskSource.Empty(BoxDisk.ROOT, BoxWork.DISK_BYTES))),
        new JobControl());
    for (int step = 1; step <= 3; step++) {
      DiskBytes.write(VOLUME, home.path("web", BoxDisk.ROOT), 4096L * step, 5000, step);
      home.snapshot("web", "s" + step, "");
    }
    home.cloneBox(new CloneRequest("web", "s3", List.of("twin"), false), new JobControl());
    DiskBytes.write(VOLUME, home.path("web", BoxDisk.ROOT), 0, 700, 4);
    DiskBytes.write(VOLUME, home.path("twin", BoxDisk.ROOT), 512, 700, 5);
  }

  @AfterEach
  void close() throws IOException {
    home.close();
  }

  private void step(Step step) {
    if (step == Step.INTENT_COMMITTED) {
      ThrowingCallable once = meanwhile;
      meanwhile = () -> {};
      try {
        once.call();
      } catch (Throwable e) {
        throw new AssertionError(e);
      }
    }
  }

  private static void requireRefusal(ThrowingCallable operation) {
    InUseException refusal = catchThrowableOfType(InUseException.class, operation);
    assertThat(refusal).isNotNull();
    assertThat(refusal.kind().exitCode()).isEqualTo(5);
    assertThat(refusal)
        .hasMessageContaining("layer 'layers/")
        .hasMessageContaining("process " + ProcessHandle.current().pid())
        .hasMessageNotContaining("open for writing");
  }

  private void merge(String snapshot) throws IOException {
    home.mergeSnapshot("web", snapshot, new JobControl());
  }

  @ParameterizedTest
  @EnumSource
  void noLayerBelowWhatIsReadIsChangedAndItsReaderIsTold(Reader reader) throws Exception {
    var before = Observation.of(home, VOLUME).disks();
    List<String> asked = new ArrayList<>();
    meanwhile =
        () -> {
          for (String snapshot : List.of("s1", "s2")) {
            requireRefusal(() -> merge(snapshot));
            asked.add(snapshot);
          }
        };
    reader.read(home, directory);
    assertThat(asked).containsExactly("s1", "s2");
    merge("s1");
    merge("s2");
    var after = new HashMap<>(Observation.of(home, VOLUME).disks());
    after.keySet().removeIf(disk -> disk.startsWith("full"));
    assertThat(before).containsAllEntriesOf(after);
    Observation.requireAgreement(home, VOLUME);
  }

  private ImageRow layer(String snapshot) throws IOException {
    Path path = home.snapshotPath("web", snapshot, BoxDisk.ROOT);
    for (ImageRow image : home.internals().catalogue().read(rows -> new Images(rows).all())) {
      if (path.endsWith(image.file())) {
        return image;
      }
    }
    throw new AssertionError(path);
  }

  @Test
  void whileALayerIsChangedNobodyReadsThroughIt() throws Exception {
    try (Lease changing = home.internals().leases().changing(layer("s1").seq())) {
      assertThat(changing).isNotNull();
      for (Reader reader : Reader.values()) {
        requireRefusal(() -> reader.read(home, directory));
      }
      requireRefusal(() -> home.diff("web", "s2", "s3"));
      requireRefusal(() -> home.diff("web", "s3", null));
      requireRefusal(() -> home.restore(new RestoreRequest("web", "s3", null)));
      requireRefusal(() -> merge("s3"));
    }
    for (Reader reader : List.of(Reader.EXPORT_OF_A_SNAPSHOT, Reader.CLONE_IN_FULL)) {
      reader.read(home, directory);
    }
    home.diff("web", "s2", "s3");
    home.restore(new RestoreRequest("web", "s3", null));
    merge("s3");
    merge("s1");
    Observation.requireAgreement(home, VOLUME);
  }
}
