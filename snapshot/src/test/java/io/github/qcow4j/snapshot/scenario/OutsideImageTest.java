package io.github.qcow4j.snapshot.scenario;

import static io.github.qcow4j.snapshot.scenario.Patch.at;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.TappedVolume;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.error.ImageException;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.BoxHome;
import io.github.qcow4j.snapshot.HomeOptions;
import io.github.qcow4j.snapshot.archive.IntakeLimits;
import io.github.qcow4j.snapshot.error.InUseException;
import io.github.qcow4j.snapshot.error.InvalidRequestException;
import io.github.qcow4j.snapshot.model.CloneRequest;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.DiskSource;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Images of every kind below a box: what a box shows, and all that is flattened of it, is what QEMU
 * shows of the image.
 */
class OutsideImageTest extends ScenarioHome {

  /** How an image is made, in the test's directory; the last file is the one that a box gets. */
  private enum Kind {
    RAW_WITH_A_SHORT_LAST_CLUSTER {
      @Override
      Path make(OutsideImageTest test) throws IOException {
        Path image = test.directory.resolve("image.raw");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
          file.setLength(DISK_BYTES - 3 * 512);
        }
        test.qemu.ioFormat("raw", image, "write -P 7 7M 1022k", at(1, 3).writing());
        return image;
      }
    },
    COMPRESSED {
      @Override
      Path make(OutsideImageTest test) {
        return test.image("", "write -c -P 5 0 64k", "write -c -P 6 5M 64k", at(1, 3).writing());
      }
    },
    ZEROS_OVER_DATA {
      @Override
      Path make(OutsideImageTest test) {
        test.base("");
        // With and without a cluster that keeps its place: the old bytes of both must not come
        // back.
        return test.overlay(
            "", at(2, 9).writing(), "write -z 2M 128k", "write -z -u 1M 192k", "write -z 5M 64k");
      }
    },
    CLUSTERS_OF_OTHER_SIZES {
      @Override
      Path make(OutsideImageTest test) {
        test.base("cluster_size=2M");
        return test.overlay("cluster_size=4k", "write -P 4 1028k 8k", "write -z 2M 12k");
      }
    },
    EXTENDED_L2 {
      @Override
      Path make(OutsideImageTest test) {
        test.base("");
        return test.overlay("extended_l2=on", "write -P 4 1028k 2k", "write -z 2M 6k");
      }
    },
    DATA_FILE {
      @Override
      Path make(OutsideImageTest test) {
        // A relative name would be one of the working directory, in QEMU as here.
        Path data = test.directory.resolve("image.data");
        return test.image("data_file=" + data + ",data_file_raw=on", at(1, 3).writing());
      }
    },
    VERSION_2 {
      @Override
      Path make(OutsideImageTest test) {
        return test.image("compat=0.10", at(1, 3).writing());
      }
    },
    WITH_INTERNAL_SNAPSHOTS {
      @Override
      Path make(OutsideImageTest test) {
        Path image = test.image("", at(1, 3).writing());
        test.qemu.img("snapshot", "-c", "inside", image.toString()).orFail();
        test.qemu.io(image, at(1, 4).writing());
        return image;
      }
    },
    CUT_IN_ITS_LAST_CLUSTER {
      @Override
      Path make(OutsideImageTest test) throws IOException {
        Path image = test.image("", "write -P 3 1M 64k");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
          file.setLength(file.length() - 5000);
        }
        return image;
      }
    },
    SIXTEEN_DEEP_BY_RELATIVE_NAMES {
      @Override
      Path make(OutsideImageTest test) {
        Path below = test.base("");
        for (int depth = 1; depth <= 16; depth++) {
          Path next = test.directory.resolve("depth-" + depth + ".qcow2");
          test.qemu.createOverlay(next, "", below.getFileName().toString(), "qcow2");
          test.qemu.io(next, at(depth % 7, 20 + depth).writing());
          below = next;
        }
        return below;
      }
    };

    abstract Path make(OutsideImageTest test) throws IOException;
  }

  private Path image(String options, String... commands) {
    Path image = directory.resolve("image.qcow2");
    qemu.create(image, options, DISK_BYTES);
    qemu.io(image, commands);
    return image;
  }

  /** An image with something everywhere. */
  private Path base(String options) {
    Path base = directory.resolve("base.qcow2");
    qemu.create(base, options, DISK_BYTES);
    qemu.io(base, "write -P 1 0 7M");
    return base;
  }

  /** On {@link #base}, by a name that only means something from the image's own directory. */
  private Path overlay(String options, String... commands) {
    Path image = directory.resolve("image.qcow2");
    qemu.createOverlay(image, options, "base.qcow2", "qcow2");
    qemu.io(image, commands);
    return image;
  }

  @ParameterizedTest
  @EnumSource
  void whatIsMadeOfAnImageShowsWhatItShows(Kind kind) throws Exception {
    Path image = kind.make(this);
    String format = image.toString().endsWith(".raw") ? "raw" : "qcow2";
    Path expected = directory.resolve("expected.raw");
    qemu.convertToRaw(image, format, expected);
    BoxUnderTest box = createOver("web", image);
    box.snapshot("one");
    home.cloneBox(new CloneRequest("web", "one", List.of("full"), true), new JobControl());
    home.create(
        new CreateRequest("copied", List.of(new DiskSource.Copied(ROOT, image, null))),
        new JobControl());
    BoxUnderTest back = importArchive(box.export(), "back");
    for (BoxUnderTest each : List.of(box, box("full"), box("copied"), back)) {
      requireSame(expected, each.disk());
    }
    box.merge("one");
    requireSame(expected, box.disk());
    // A guest's write meets the rest of a cluster, wherever that is.
    box.write(at(3, 8));
    qemu.ioFormat("raw", expected, at(3, 8).writing());
    requireSame(expected, box.disk());
    requireSame(expected, importArchive(exportAgain(box), "again").disk());
  }

  private Path exportAgain(BoxUnderTest box) throws IOException {
    Files.delete(directory.resolve("web.boxlite"));
    return box.export();
  }

  private void requireSame(Path expected, Path disk) {
    qemu.img("compare", "-f", "raw", "-F", "qcow2", expected.toString(), disk.toString()).orFail();
  }

  /** What no box can be made of. */
  private enum Harm {
    A_CHAIN_IN_A_CIRCLE {
      @Override
      Path make(OutsideImageTest test) {
        test.base("");
        Path image = test.overlay("");
        test.qemu
            .img("rebase", "-u", "-f", "qcow2", "-F", "qcow2", "-b", "image.qcow2", "base.qcow2")
            .orFail();
        return image;
      }
    },
    A_BACKING_FILE_ELSEWHERE {
      @Override
      Path make(OutsideImageTest test) throws IOException {
        Path secret = Files.write(test.directory.resolve("secret"), new byte[1 << 20]);
        Path folder = Files.createDirectory(test.directory.resolve("from-a-stranger"));
        Path image = folder.resolve("image.qcow2");
        test.qemu.createOverlay(image, "", secret.toString(), "raw");
        return image;
      }
    },
    A_BACKING_FILE_THAT_IS_NOT_THERE {
      @Override
      Path make(OutsideImageTest test) throws IOException {
        Path base = test.base("");
        Path image = test.overlay("");
        Files.delete(base);
        return image;
      }
    },
    A_FEATURE_OF_THE_FUTURE {
      @Override
      Path make(OutsideImageTest test) throws IOException {
        return test.changed(72, 0x40);
      }
    },
    CLUSTERS_OF_NO_SIZE {
      @Override
      Path make(OutsideImageTest test) throws IOException {
        return test.changed(23, 3);
      }
    },
    HALF_A_HEADER {
      @Override
      Path make(OutsideImageTest test) throws IOException {
        Path image = test.image("");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
          file.setLength(50);
        }
        return image;
      }
    };

    abstract Path make(OutsideImageTest test) throws IOException;
  }

  private Path changed(long offset, int value) throws IOException {
    Path image = image("", at(1, 3).writing());
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.seek(offset);
      file.write(value);
    }
    return image;
  }

  @ParameterizedTest
  @EnumSource
  void ofAnImageThatCannotBeReliedOnNoBoxIsMade(Harm harm) throws Exception {
    Path image = harm.make(this);
    for (DiskSource source :
        List.of(
            new DiskSource.Overlay(ROOT, image, ImageFormat.QCOW2),
            new DiskSource.Copied(ROOT, image, ImageFormat.QCOW2))) {
      assertThatThrownBy(
              () -> home.create(new CreateRequest("web", List.of(source)), new JobControl()))
          .isInstanceOfAny(ImageException.class, NoSuchFileException.class);
    }
    assertThat(home.list()).isEmpty();
    assertThat(images()).isEmpty();
  }

  /** What its owner makes of an image after it was opened, and before a byte of it is copied. */
  private enum Change {
    ANOTHER_BACKING_FILE {
      @Override
      Path make(OutsideImageTest test) throws IOException {
        Path secret = Files.write(test.directory.resolve("secret"), new byte[1 << 20]);
        Path other = test.directory.resolve("other.qcow2");
        test.qemu.createOverlay(other, "", secret.toString(), "raw");
        return other;
      }
    },
    A_DATA_FILE {
      @Override
      Path make(OutsideImageTest test) {
        Path other = test.directory.resolve("other.qcow2");
        test.qemu.create(other, "data_file=" + test.directory.resolve("secret"), DISK_BYTES);
        return other;
      }
    },
    ANOTHER_SIZE {
      @Override
      Path make(OutsideImageTest test) {
        Path other = test.directory.resolve("other.qcow2");
        test.qemu.create(other, "", 2 * DISK_BYTES);
        return other;
      }
    };

    abstract Path make(OutsideImageTest test) throws IOException;
  }

  @ParameterizedTest
  @EnumSource
  void ofAnImageThatChangesWhileItIsCopiedNoBoxIsMade(Change change) throws Exception {
    Path image = image("", at(1, 3).writing());
    byte[] changed = Files.readAllBytes(change.make(this));
    Path layers = home.directory().resolve("layers");
    TappedVolume.Tap owner =
        call -> {
          if (call.is("open") && String.valueOf(call.path()).startsWith(layers.toString())) {
            Files.write(image, changed);
          }
        };
    HomeOptions options = HomeOptions.of(home.directory());
    try (BoxHome watched = BoxHome.open(options, new TappedVolume(volume, owner).volume())) {
      DiskSource source = new DiskSource.Copied(ROOT, image, null);
      assertThatThrownBy(
              () -> watched.create(new CreateRequest("web", List.of(source)), new JobControl()))
          .isInstanceOf(InUseException.class)
          .hasMessageContaining("'" + image + "' changed while it was copied");
    }
    assertThat(home.list()).isEmpty();
    assertThat(images()).isEmpty();
  }

  @Test
  void noBoxIsMadeOverADiskOrLayerOfTheHome() throws Exception {
    BoxUnderTest web = create("web").write(at(1, 3));
    Path link = Files.createSymbolicLink(directory.resolve("link.qcow2"), web.disk());
    Path overlay = directory.resolve("overlay.qcow2");
    qemu.createOverlay(overlay, "", web.disk().toString(), "qcow2");
    Path second = Files.createLink(directory.resolve("second.qcow2"), web.disk());
    Path overSecond = directory.resolve("over-second.qcow2");
    qemu.createOverlay(overSecond, "", second.toString(), "qcow2");
    for (Path path : List.of(web.disk(), link, overlay, second, overSecond)) {
      requireNotOver(path);
    }
    DiskSource copied = new DiskSource.Copied(ROOT, web.disk(), null);
    home.create(new CreateRequest("copied", List.of(copied)), new JobControl());
    box("copied").reads(at(1, 3));
    web.snapshot("one");
    requireNotOver(web.disk());
    requireNotOver(web.disk("one"));
    assertThat(home.list()).hasSize(2);
  }

  @Test
  void noBoxIsMadeOfADirectoryWhoseOverlayLiesOnADiskOfTheHome() throws Exception {
    BoxUnderTest web = create("web");
    Path golden = Files.createDirectory(directory.resolve("golden"));
    qemu.createOverlay(golden.resolve("overlay.qcow2"), "", web.disk().toString(), "qcow2");
    Files.writeString(golden.resolve("snapshot.json"), "{\"version\": 1, \"config\": {}}");
    HomeOptions trusting = HomeOptions.of(home.directory()).withExternals(ReferencePolicy.allow());
    try (BoxHome open = BoxHome.open(trusting)) {
      assertThatThrownBy(() ->
              open.cloneDirectory(golden, List.of("over"), IntakeLimits.DEFAULT, new JobControl()))
          .isInstanceOf(InvalidRequestException.class)
          .hasMessageContaining("clone");
    }
    assertThat(home.list()).hasSize(1);
    assertThat(list("staging")).isEmpty();
  }

  private void requireNotOver(Path path) {
    assertThatThrownBy(() -> createOver("over", path))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("clone");
  }
}
