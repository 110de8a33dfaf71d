package io.github.qcow4j.cli.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.Location;
import io.github.qcow4j.cli.Main;
import io.github.qcow4j.nativeio.AtomicFile;
import io.github.qcow4j.nativeio.Exchange;
import io.github.qcow4j.nativeio.Fork;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.support.StepwiseRename;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.FileReader;
import java.io.FileWriter;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import org.junit.jupiter.api.Test;

/** The house has floors, and what one of them may not do, its classes do not. */
final class ArchitectureTest {
  private static final String ROOT = "io.github.qcow4j";

  private static final JavaClasses CLASSES =
      new ClassFileImporter().withImportOption(ArchitectureTest::isMainCode).importPackages(ROOT);

  private static boolean isMainCode(Location location) {
    return !location.contains("/test-classes/") && !location.contains("-tests.jar");
  }

  @Test
  void allFloorsButTheBenchmarksAreLookedAt() {
    assertThat(CLASSES)
        .extracting(each -> each.getPackageName())
        .contains(ROOT + ".nativeio", ROOT + ".qcow2", ROOT + ".snapshot", ROOT + ".cli")
        .doesNotContain(ROOT + ".cli.architecture");
  }

  @Test
  void arrowsBetweenFloorsPointDownwards() {
    layeredArchitecture()
        .consideringAllDependencies()
        .layer("nativeio")
        .definedBy(ROOT + ".nativeio..")
        .layer("qcow2")
        .definedBy(ROOT + ".qcow2..")
        .layer("snapshot")
        .definedBy(ROOT + ".snapshot..")
        .layer("cli")
        .definedBy(ROOT + ".cli..")
        .whereLayer("nativeio")
        .mayOnlyBeAccessedByLayers("qcow2", "snapshot", "cli")
        .whereLayer("qcow2")
        .mayOnlyBeAccessedByLayers("snapshot", "cli")
        .whereLayer("snapshot")
        .mayOnlyBeAccessedByLayers("cli")
        .whereLayer("cli")
        .mayNotBeAccessedByAnyLayer()
        .ensureAllClassesAreContainedInArchitecture()
        .check(CLASSES);
  }

  @Test
  void arrowsBetweenThePackagesOfAFloorStandInTheTable() {
    classes().should(new PackageArrows()).check(CLASSES);
  }

  @Test
  void onlyTheGroundFloorOpensFiles() {
    noClasses()
        .that()
        .resideOutsideOfPackage(ROOT + ".nativeio..")
        .should()
        .dependOnClassesThat(
            belongToAnyOf(
                AsynchronousFileChannel.class,
                FileChannel.class,
                FileInputStream.class,
                FileOutputStream.class,
                FileReader.class,
                FileWriter.class,
                Files.class,
                RandomAccessFile.class))
        .because("every byte and name on disk goes through BlockFile and Volume")
        .check(CLASSES);
  }

  @Test
  void onlyTheClassesOfDurabilityRename() {
    noClasses()
        .that()
        .doNotBelongToAnyOf(AtomicFile.class, Fork.class, Exchange.class, StepwiseRename.class)
        .and()
        // What these three have in common.
        .doNotHaveFullyQualifiedName("io.github.qcow4j.nativeio.NewFile")
        .and()
        .areNotAssignableTo(Volume.class)
        .should()
        .callMethodWhere(
            describe(
                "Volume.rename or Files.move",
                call ->
                    (call.getTargetOwner().isAssignableTo(Volume.class)
                            && call.getName().equals("rename"))
                        || (call.getTargetOwner().isEquivalentTo(Files.class)
                            && call.getName().equals("move"))))
        .because("a rename without its syncs is lost in a power cut, or loses what it replaced")
        .check(CLASSES);
  }

  @Test
  void onlyTheGroundFloorKnowsNativeCode() {
    noClasses()
        .that()
        .resideOutsideOfPackage(ROOT + ".nativeio..")
        .should()
        .dependOnClassesThat(
            resideInAPackage("java.lang.foreign..").and(not(belongToAnyOf(MemorySegment.class))))
        .because("a memory segment may be a plain buffer, but all the rest reaches out of the JVM")
        .check(CLASSES);
  }

  @Test
  void onlyTheHookOfASnapshotAndTheUsersProgramOnABoxAreStarted() {
    noClasses()
        .that()
        .haveNameNotMatching(
            ".*\\.(snapshot\\.quiesce\\.HookProgram|cli\\.box\\.HeldProgram)(\\$.*)?")
        .should()
        .dependOnClassesThat(belongToAnyOf(Process.class, ProcessBuilder.class))
        .orShould()
        .callMethodWhere(
            describe(
                "Runtime.exec",
                call ->
                    call.getTargetOwner().isEquivalentTo(Runtime.class)
                        && call.getName().equals("exec")))
        .because("the image work is done here")
        .check(CLASSES);
  }

  @Test
  void onlyTheProgramEndsTheProcess() {
    noClasses()
        .that()
        .doNotBelongToAnyOf(Main.class)
        .should()
        .callMethod(System.class, "exit", int.class)
        .orShould()
        .callMethod(Runtime.class, "exit", int.class)
        .orShould()
        .callMethod(Runtime.class, "halt", int.class)
        .because("a library lives in somebody's process")
        .check(CLASSES);
  }
}
