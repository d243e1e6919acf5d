"""The tables: columns and constraints only; the rules live in `backend.services`.

Rows that cost money point at a *member* of a group, never at a user: giving a member an account,
or merging two accounts, touches one column and no amount.
"""

from backend.models.api_token import ApiToken
from backend.models.group import Group
from backend.models.group_member import GroupMember
from backend.models.idempotency_key import IdempotencyKey
from backend.models.order import Order, SplitMode
from backend.models.order_part import OrderPayer, OrderShare
from backend.models.settlement import Settlement
from backend.models.throttle import Action, Throttle
from backend.models.user import User, UserStatus
from backend.models.user_session import UserSession

__all__ = [
    "Action",
    "ApiToken",
    "Group",
    "GroupMember",
    "IdempotencyKey",
    "Order",
    "OrderPayer",
    "OrderShare",
    "Settlement",
    "SplitMode",
    "Throttle",
    "User",
    "UserSession",
    "UserStatus",
]
