import { GroupSubjects } from '@iec104mm2ss/bus';
import { BadRequestException } from '@nestjs/common';

/** Subjects of the group that `?group=` names. @throws {BadRequestException} it can be no group's id */
export function subjectsOf(group: string): GroupSubjects {
  try {
    return new GroupSubjects(group);
  } catch (error) {
    throw new BadRequestException((error as Error).message);
  }
}
