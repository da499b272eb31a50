"""People and groups: what the tutorial creates first, and what a directory must do with them."""
from clients import DOMAIN, PASSWORD, RUN, ask, made, read, refused, refused_http, v1
from harness import check, facts, holds_all, same, step, until


async def person(name, **password_profile):
    nickname = f"{name}{RUN}"
    user = await facts.app.v1.users.post(v1.User(
        account_enabled=True, display_name=f"{name} {RUN}", mail_nickname=nickname,
        user_principal_name=f"{nickname}@{DOMAIN}",
        password_profile=v1.PasswordProfile(**{"password": PASSWORD, "force_change_password_next_sign_in": False,
                                               **password_profile})))
    made.add("users", user)
    same(user.user_principal_name, f"{nickname}@{DOMAIN}", "userPrincipalName")
    return user


async def group(name):
    created = made.add("groups", await facts.app.v1.groups.post(v1.Group(
        display_name=f"{name} {RUN}", description=f"{name} of a test run", mail_enabled=False, security_enabled=True,
        mail_nickname=f"{name}{RUN}".replace(" ", "").lower(), group_types=[])))
    check(created.security_enabled and not created.mail_enabled, "it is no security group")
    return created


async def member_ids(group_id):
    return {member.id for member in (await facts.app.v1.groups.by_group_id(group_id).members.get()).value}


def reference(thing):
    """The host in a reference is Microsoft's in most scripts; only the last id counts."""
    return v1.ReferenceCreate(odata_id=f"https://graph.microsoft.com/v1.0/directoryObjects/{thing.id}")


@step("user.create", gives="requestor colleague")
async def create_users():
    facts.requestor = await person("Requestor1")
    facts.colleague = await person("Requestor2")
    return facts.requestor.user_principal_name


@step("user.create_for_sign_in_tests", gives="leaver newcomer")
async def create_more_users():
    facts.leaver = await person("Leaver")
    facts.newcomer = await person("Newcomer", force_change_password_next_sign_in=True)
    return facts.newcomer.user_principal_name


@step("user.read_by_principal_name")
async def read_user():
    found = await facts.app.v1.users.by_user_id(facts.requestor.user_principal_name).get()
    same(found.id, facts.requestor.id, "id")
    same(found.display_name, f"Requestor1 {RUN}", "displayName")
    return found.id


@step("user.update_and_select")
async def update_user():
    builder = facts.app.v1.users.by_user_id(facts.requestor.id)
    await builder.patch(v1.User(job_title="Analyst", department="Marketing"))
    found = await read(builder, select=["id", "department"])
    same(found.department, "Marketing", "department")
    same(found.job_title, None, "a property outside $select")
    same((await builder.get()).job_title, "Analyst", "jobTitle")
    return "PATCH seen by the next GET, $select obeyed"


@step("user.principal_name_is_unique")
async def duplicate_user():
    return await refused(facts.app.v1.users.post(v1.User(
        account_enabled=True, display_name="Twice", mail_nickname="twice",
        user_principal_name=facts.requestor.user_principal_name,
        password_profile=v1.PasswordProfile(password=PASSWORD))), 400)


@step("group.create", gives="marketing analytics")
async def create_groups():
    facts.marketing = await group("Marketing resources")
    facts.analytics = await group("Analytics readers")
    return facts.marketing.id


@step("group.member_by_reference")
async def member_by_reference():
    builder = facts.app.v1.groups.by_group_id(facts.analytics.id).members
    await builder.ref.post(reference(facts.colleague))
    found = (await builder.get()).value
    same([member.id for member in found], [facts.colleague.id], "members")
    check(isinstance(found[0], v1.User), "the member lacks @odata.type #microsoft.graph.user")
    twice = await facts.app.http("POST", f"/v1.0/groups/{facts.analytics.id}/members/$ref",
                                 json={"@odata.id": reference(facts.colleague).odata_id})
    check("already exist" in refused_http(twice, 400, "Request_BadRequest")["message"], "message of the second one")
    return "added once, the second time refused"


@step("group.restore_keeps_members")
async def restore_group():
    archive = await group("Archive")
    builder = facts.app.v1.groups.by_group_id(archive.id)
    await builder.members.ref.post(reference(facts.colleague))
    await builder.delete()
    await refused(builder.get(), 404, "Request_ResourceNotFound")
    deleted = facts.app.v1.directory.deleted_items.by_directory_object_id(archive.id)
    check(isinstance(await deleted.get(), v1.Group), "deletedItems lacks @odata.type #microsoft.graph.group")
    restored = await deleted.restore.post()
    same(restored.id, archive.id, "the id of the restored group")
    same(await member_ids(archive.id), {facts.colleague.id}, "members after the restore")
    await refused(deleted.get(), 404)
    return archive.id


@step("user.restore")
async def restore_user():
    builder = facts.app.v1.users.by_user_id(facts.newcomer.id)
    await builder.delete()
    await refused(builder.get(), 404, "Request_ResourceNotFound")
    deleted = facts.app.v1.directory.deleted_items
    found = await until("the person among the deleted ones", lambda: read(deleted.graph_user, top=999),
                        lambda page: facts.newcomer.id in {user.id for user in page.value}, seconds_max=5)
    check(all(isinstance(user, v1.User) for user in found.value), "deletedItems/graph.user holds other things")
    await deleted.by_directory_object_id(facts.newcomer.id).restore.post()
    same((await builder.get()).user_principal_name, facts.newcomer.user_principal_name, "userPrincipalName")
    return facts.newcomer.id


@step("directory.count_and_search")
async def count_and_search():
    eventual = {"ConsistencyLevel": "eventual"}
    users = facts.app.v1.users
    number = await read(users.count, eventual)
    page = await read(users, eventual, count=True, top=1)
    check(isinstance(number, int) and number > 4, f"/users/$count answered {number!r}")
    same(page.odata_count, number, "@odata.count")
    found = (await read(users, eventual, search=f'"displayName:{RUN}"')).value
    holds_all({user.id for user in found}, {facts.requestor.id, facts.colleague.id}, "$search")
    check(all(RUN in user.display_name for user in found), "$search found somebody else")
    return f"{number} people, {len(found)} of this run"


@step("directory.search_needs_consistency_level")
async def search_without_header():
    return await refused(facts.app.v1.users.get(ask(facts.app.v1.users, search=f'"displayName:{RUN}"')), 400,
                         "Request_UnsupportedQuery")
