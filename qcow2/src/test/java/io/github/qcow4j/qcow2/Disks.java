package io.github.qcow4j.qcow2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.sun.management.ThreadMXBean;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.testing.QemuTools;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** Short words of the tests of this package. */
final class Disks {

  static final Volume VOLUME = Volumes.host();
  static final ImageOptions QCOW2 = ImageOptions.of(ImageFormat.QCOW2);

  private Disks() {}

  /** A qcow2 image and everything it refers to, opened through the host's files. */
  static DiskImage open(Path image) throws IOException {
    return open(image, ReferencePolicy.allow());
  }

  static DiskImage open(Path image, ReferencePolicy policy) throws IOException {
    return DiskImages.open(VOLUME, image, policy, QCOW2);
  }

  /** All bytes of a small disk. */
  static byte[] contentOf(DiskImage disk) throws IOException {
    ByteBuffer content = ByteBuffer.allocate(Math.toIntExact(disk.virtualSize()));
    disk.read(0, content);
    return content.array();
  }

  /** All bytes of a small qcow2 image, as we read them. */
  static byte[] contentOf(Path image) throws IOException {
    try (DiskImage disk = open(image)) {
      return contentOf(disk);
    }
  }

  /** All bytes of a small qcow2 image, as QEMU reads them. */
  static byte[] contentByQemu(Path image) throws IOException {
    Path raw = image.resolveSibling(image.getFileName() + ".by-qemu.raw");
    QemuTools.require().in(image.toAbsolutePath().getParent()).convertToRaw(image, raw);
    byte[] content = Files.readAllBytes(raw);
    Files.delete(raw);
    return content;
  }

  static List<Extent> extentsOf(DiskImage disk) throws IOException {
    List<Extent> extents = new ArrayList<>();
    ExtentWalk walk = disk.extents(0, disk.virtualSize());
    for (Extent extent = walk.next(); extent != null; extent = walk.next()) {
      extents.add(extent);
    }
    return extents;
  }

  /** What stands at a guest offset. */
  static Extent extentAt(DiskImage disk, long guestOffset) throws IOException {
    return disk.extentAt(guestOffset, 1);
  }

  /** How many bytes of heap this thread takes for a piece of work that fails. */
  static long allocatedBytes(ThrowingCallable work) {
    ThreadMXBean memory = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = memory.getCurrentThreadAllocatedBytes();
    Throwable failure = catchThrowable(work);
    long after = memory.getCurrentThreadAllocatedBytes();
    assertThat(failure).isNotNull();
    return after - before;
  }
}
